/** ONVIF devices for tests: WS-Discovery by UDP multicast on loopback, and SOAP over HTTP as cameras speak it. */
import { createHash, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface DeviceProfile {
  token: string;
  source: string;
  encoding: string;
  width: number;
  height: number;
  fps: number;
  gov: number;
  uri: string;
}

export interface DeviceOptions {
  user?: string;
  password?: string;
  /** How it asks who asks: HTTP digest, or WS-UsernameToken in the envelope. Default `token`. */
  auth?: 'digest' | 'token';
  profiles?: DeviceProfile[];
  /** Media2 (profile T) instead of Media; `lies`: it says so and does not have it. */
  media2?: boolean | 'lies';
  /** `silent` never answers, `slow` sends a byte a second, `broken` no XML, `huge` megabytes, `odd` XML without what belongs there. */
  ill?: 'silent' | 'slow' | 'broken' | 'huge' | 'odd';
  /** The host that it names in all its addresses. */
  host?: string;
}

export interface Device {
  port: number;
  /** Every body and header that it was sent, as text. */
  heard: string[];
  options: DeviceOptions;
  stop(): Promise<void>;
}

const soap = (body: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:tr2="http://www.onvif.org/ver20/media/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:ter="http://www.onvif.org/ver10/error"><SOAP-ENV:Body>${body}</SOAP-ENV:Body></SOAP-ENV:Envelope>`;
const notAuthorized = soap(
  '<SOAP-ENV:Fault><SOAP-ENV:Code><SOAP-ENV:Value>SOAP-ENV:Sender</SOAP-ENV:Value><SOAP-ENV:Subcode><SOAP-ENV:Value>ter:NotAuthorized</SOAP-ENV:Value></SOAP-ENV:Subcode></SOAP-ENV:Code><SOAP-ENV:Reason><SOAP-ENV:Text xml:lang="zh">用户名或密码错误</SOAP-ENV:Text></SOAP-ENV:Reason></SOAP-ENV:Fault>',
);
const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** A device behind `http://127.0.0.1:PORT/onvif/device_service`. */
export async function startDevice(options: DeviceOptions = {}): Promise<Device> {
  const heard: string[] = [];
  const nonce = randomBytes(8).toString('hex');
  const server = createServer((request, response) => void serve(request, response));
  const drips = new Set<NodeJS.Timeout>();
  let base = '';

  function isKnown(request: IncomingMessage, body: string): boolean {
    const { user, password, auth = 'token' } = options;
    if (user === undefined || password === undefined) return true;
    if (auth === 'digest') {
      const fields = Object.fromEntries(
        [...(request.headers.authorization ?? '').matchAll(/(\w+)="?([^",]+)"?/g)].map(([, name, value]) => [
          name,
          value,
        ]),
      );
      const ha1 = md5(`${user}:${fields['realm']}:${password}`);
      const ha2 = md5(`POST:${fields['uri']}`);
      const parts = [ha1, fields['nonce'], fields['nc'], fields['cnonce'], fields['qop'], ha2];
      return fields['nonce'] === nonce && fields['username'] === user && fields['response'] === md5(parts.join(':'));
    }
    const field = (name: string): string => new RegExp(`<${name}(?: [^>]*)?>([^<]*)<`).exec(body)?.[1] ?? '';
    const digest = createHash('sha1')
      .update(Buffer.concat([Buffer.from(field('Nonce'), 'base64'), Buffer.from(field('Created') + password)]))
      .digest('base64');
    return field('Username') === user && field('Password') === digest;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    heard.push(JSON.stringify(request.headers), body);
    const send = (status: number, text: string, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/soap+xml; charset=utf-8', ...headers }).end(text);
    };
    if (options.ill === 'silent') return;
    if (options.ill === 'broken') return send(200, '<html><body>Login<br></body>');
    if (options.ill === 'huge') return send(200, soap(`<a>${'x'.repeat(8 * 1024 * 1024)}</a>`));
    if (options.ill === 'slow') {
      response.writeHead(200, { 'content-type': 'application/soap+xml' });
      const timer = setInterval(() => response.write('<'), 200);
      drips.add(timer);
      response.on('close', () => clearInterval(timer));
      return;
    }
    const asked = /<s:Body[^>]*>\s*<(\w+)/.exec(body)?.[1] ?? '';
    if (asked !== 'GetSystemDateAndTime' && !isKnown(request, body)) {
      if (options.auth !== 'digest') return send(400, notAuthorized);
      const challenge = `Digest realm="IP Camera", qop="auth", nonce="${nonce}", algorithm=MD5`;
      return send(401, '', { 'www-authenticate': challenge });
    }
    if (options.ill === 'odd' && asked !== 'GetSystemDateAndTime') return send(200, soap(`<tds:${asked}Response/>`));
    const answer = answers[asked]?.(body);
    if (answer === undefined) return send(500, soap('<SOAP-ENV:Fault><SOAP-ENV:Reason/></SOAP-ENV:Fault>'));
    send(200, soap(answer));
  }

  const service = (namespace: string, path: string): string =>
    `<tds:Service><tds:Namespace>http://www.onvif.org/${namespace}/wsdl</tds:Namespace><tds:XAddr>${base}${path}</tds:XAddr></tds:Service>`;
  const two = (value: number): string => `<tt:X>${value}</tt:X>`;
  const clock = (): string => {
    const now = new Date();
    return `<tt:UTCDateTime><tt:Time><tt:Hour>${now.getUTCHours()}</tt:Hour><tt:Minute>${now.getUTCMinutes()}</tt:Minute><tt:Second>${now.getUTCSeconds()}</tt:Second></tt:Time><tt:Date><tt:Year>${now.getUTCFullYear()}</tt:Year><tt:Month>${now.getUTCMonth() + 1}</tt:Month><tt:Day>${now.getUTCDate()}</tt:Day></tt:Date></tt:UTCDateTime>`;
  };
  const isMedia2 = (body: string): boolean => body.includes('ver20/media');
  const profile = ({ token, source, encoding, width, height, fps, gov }: DeviceProfile, second: boolean): string => {
    const size = `<tt:Resolution><tt:Width>${width}</tt:Width><tt:Height>${height}</tt:Height></tt:Resolution><tt:RateControl><tt:FrameRateLimit>${fps}</tt:FrameRateLimit><tt:BitrateLimit>2048</tt:BitrateLimit></tt:RateControl>`;
    const lens = `<tt:SourceToken>${source}</tt:SourceToken>`;
    if (second)
      return `<tr2:Profiles token="${token}" fixed="true"><tr2:Name>${token}</tr2:Name><tr2:Configurations><tr2:VideoSource token="v">${lens}</tr2:VideoSource><tr2:VideoEncoder token="e" GovLength="${gov}"><tt:Encoding>${encoding}</tt:Encoding>${size}</tr2:VideoEncoder></tr2:Configurations></tr2:Profiles>`;
    return `<trt:Profiles token="${token}" fixed="true"><tt:Name>${token}</tt:Name><tt:VideoSourceConfiguration token="v">${lens}</tt:VideoSourceConfiguration><tt:VideoEncoderConfiguration token="e"><tt:Encoding>${encoding}</tt:Encoding>${size}<tt:${encoding}><tt:GovLength>${gov}</tt:GovLength></tt:${encoding}></tt:VideoEncoderConfiguration></trt:Profiles>`;
  };
  const answers: Record<string, (body: string) => string | undefined> = {
    GetSystemDateAndTime: () =>
      `<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>${clock()}</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`,
    GetServices: () =>
      `<tds:GetServicesResponse>${service('ver10/device', '/onvif/device_service')}${service('ver10/media', '/onvif/media')}${options.media2 ? service('ver20/media', '/onvif/media2') : ''}</tds:GetServicesResponse>`,
    GetDeviceInformation: () =>
      '<tds:GetDeviceInformationResponse><tds:Manufacturer>Test</tds:Manufacturer><tds:Model>C-1</tds:Model></tds:GetDeviceInformationResponse>',
    GetProfiles: (body) => {
      if (isMedia2(body) && options.media2 !== true) return undefined;
      const [prefix, list] = [isMedia2(body) ? 'tr2' : 'trt', options.profiles ?? []];
      const audio = `<${prefix}:Profiles token="sound"><tt:Name>${two(1)}</tt:Name>${isMedia2(body) ? '<tr2:Configurations><tr2:AudioSource token="a"/></tr2:Configurations>' : ''}</${prefix}:Profiles>`;
      return `<${prefix}:GetProfilesResponse>${list.map((each) => profile(each, isMedia2(body))).join('')}${audio}</${prefix}:GetProfilesResponse>`;
    },
    GetStreamUri: (body) => {
      const token = /<ProfileToken>([^<]*)</.exec(body)?.[1];
      const found = options.profiles?.find((each) => each.token === token);
      if (!found) return undefined;
      return isMedia2(body)
        ? `<tr2:GetStreamUriResponse><tr2:Uri>${found.uri}</tr2:Uri></tr2:GetStreamUriResponse>`
        : `<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>${found.uri}</tt:Uri></trt:MediaUri></trt:GetStreamUriResponse>`;
    },
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  base = `http://${options.host ?? '127.0.0.1'}:${port}`;
  return {
    port,
    heard,
    options,
    stop: () =>
      new Promise((resolve) => {
        for (const timer of drips) clearInterval(timer);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export const probeMatch = (xaddrs: string, scopes: string): string =>
  `<?xml version="1.0"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><e:Body><d:ProbeMatches><d:ProbeMatch><w:EndpointReference><w:Address>urn:uuid:${createHash('md5').update(xaddrs).digest('hex')}</w:Address></w:EndpointReference><d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes>${scopes}</d:Scopes><d:XAddrs>${xaddrs}</d:XAddrs></d:ProbeMatch></d:ProbeMatches></e:Body></e:Envelope>`;

/** Answers every search on loopback with these packets; the port is that of WS-Discovery, which is shared. */
export async function answerProbes(packets: readonly string[]): Promise<{ probes: () => number; stop(): void }> {
  const socket: Socket = createSocket({ type: 'udp4', reuseAddr: true });
  let probes = 0;
  socket.on('message', (_, { address, port }) => {
    probes += 1;
    for (const packet of packets) socket.send(packet, port, address);
  });
  await new Promise<void>((resolve) => socket.bind(3702, resolve));
  socket.addMembership('239.255.255.250', '127.0.0.1');
  return { probes: () => probes, stop: () => void socket.close() };
}
