/**
 * The thread that speaks ONVIF, and the only file that knows the `onvif` package. What devices answer may be anything: the
 * package throws at some of it outside every call, follows any address and reads without end. Here that ends a thread at most.
 */
import { lookup as resolve, type LookupAddress, type LookupOptions } from 'node:dns';
import { Agent } from 'node:http';
import { connect, isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import onvif, { type Cam } from 'onvif';
import type { OnvifFound, OnvifStream } from '../hub/model/cameraApi.ts';
import { reaching } from '../hub/platform/address.ts';
import { addressOf, foundOf, profileOf, textOf } from './onvifProfiles.ts';

export type OnvifAsk =
  | { ask: 'discover'; interfaces: readonly string[]; ms: number }
  | {
      ask: 'streams';
      host: string;
      port: number;
      path: string;
      user: string;
      password: string;
      /** Networks beside the private ones. */
      networks: readonly string[];
      /** What its answers may come to together. */
      bytes: number;
    };

export type OnvifFault = 'password' | 'silent' | 'broken' | 'large' | 'outside';
export type OnvifSaid =
  { found: OnvifFound } | { streams: (OnvifStream & { source: string })[]; name?: string } | { fault: OnvifFault };

const MOST_PROFILES = 32;
const REQUEST_MS = 4_000;

class Fault extends Error {
  readonly fault: OnvifFault;
  constructor(fault: OnvifFault) {
    super(fault);
    this.fault = fault;
  }
}

const say = (said: OnvifSaid): void => parentPort?.postMessage(said);

/** Discovery: each device once, as it answers. */
function discover({ interfaces, ms }: Extract<OnvifAsk, { ask: 'discover' }>): void {
  const known = new Set<string>();
  const { Discovery } = onvif;
  // A packet that is no answer is nobody's fault; without a listener it would end the thread.
  Discovery.on('error', () => undefined);
  Discovery.on('device', (said, { address }) => {
    const found = foundOf((said as { probeMatches?: { probeMatch?: unknown } }).probeMatches?.probeMatch, address);
    if (!found || known.has(`${found.host}:${found.port}`)) return;
    known.add(`${found.host}:${found.port}`);
    say({ found });
  });
  const probe = (timeout: number): void => {
    for (const device of interfaces) Discovery.probe({ device, timeout, resolve: false });
  };
  // A packet may get lost: the question is asked twice.
  probe(ms);
  setTimeout(() => probe(ms - ms / 4), ms / 4);
}

/** Connections to where cameras may stand, that carry so many bytes together. */
class Bounded extends Agent {
  readonly #mayReach: (address: string) => boolean;
  readonly #most: number;
  #bytes = 0;
  constructor(mayReach: (address: string) => boolean, most: number) {
    super({ keepAlive: false });
    this.#mayReach = mayReach;
    this.#most = most;
  }

  override createConnection(options: TcpNetConnectOpts): Socket {
    // A name is looked at once, with the address that is then used.
    const socket = connect({
      ...options,
      lookup: (name: string, asked: LookupOptions, done: (...found: never[]) => void) => {
        resolve(name, { ...asked, all: true }, (error, list: LookupAddress[]) => {
          const [first] = list ?? [];
          const answer = done as unknown as (error: Error | null, found?: unknown, family?: number) => void;
          if (error || !first) answer(error ?? new Fault('silent'));
          else if (!list.every(({ address }) => this.#mayReach(address))) answer(new Fault('outside'));
          else if (asked.all) answer(null, list);
          else answer(null, first.address, first.family);
        });
      },
    } as TcpNetConnectOpts);
    socket.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length;
      if (this.#bytes > this.#most) socket.destroy(new Fault('large'));
    });
    return socket;
  }
}

async function streams(ask: Extract<OnvifAsk, { ask: 'streams' }>): Promise<void> {
  const { host, port, path, user, password, networks, bytes } = ask;
  const mayReach = reaching(networks);
  if (isIP(host) !== 0 && !mayReach(host)) throw new Fault('outside');
  const camera = new onvif.Cam({
    hostname: host,
    port,
    path,
    username: user,
    password,
    timeout: REQUEST_MS,
    autoconnect: false,
    // Whatever addresses it names for its services, nobody else is asked.
    preserveAddress: true,
    agent: new Bounded(mayReach, bytes),
  });
  inUtf8(camera, password);
  let last = '';
  camera.on('rawResponse', (xml: string) => (last = xml));

  const call = <T>(run: (done: (error: Error | null, data?: T) => void) => void): Promise<T> =>
    new Promise((resolve, reject) => {
      last = '';
      run((error, data) => (error ? reject(faultOf(error, last)) : resolve(data as T)));
    });
  /** What is nice to have; a wrong password or a silent device is said nevertheless. */
  const perhaps = async <T>(run: (done: (error: Error | null, data?: T) => void) => void): Promise<T | undefined> =>
    call(run).catch((error: unknown) => {
      if (error instanceof Fault && error.fault !== 'broken') throw error;
      return undefined;
    });

  await call((done) => camera.getSystemDateAndTime(done));
  if (!(await perhaps((done) => camera.getServices(false, done)))) await call((done) => camera.getCapabilities(done));
  const profiles = await profilesOf(camera, call);
  const information = await perhaps<{ manufacturer?: unknown; model?: unknown }>((done) =>
    camera.getDeviceInformation(done),
  );
  const name = textOf([textOf(information?.manufacturer), textOf(information?.model)].filter(Boolean).join(' '));
  const found: (OnvifStream & { source: string })[] = [];
  for (const { token, ...profile } of profiles) {
    const answer = await perhaps<{ uri?: unknown }>((done) =>
      camera.getStreamUri({ protocol: 'RTSP', profileToken: token }, done),
    );
    const address = addressOf(answer?.uri, host);
    if (address !== undefined) found.push({ ...profile, address });
  }
  say({ streams: found, ...(name === undefined ? {} : { name }) });
}

/** The package cuts each letter of the password to a byte for its WS-UsernameToken; HTTP digest takes it as it is. */
function inUtf8(camera: Cam, password: string): void {
  const signing = camera as unknown as { password: string; _passwordDigest: () => unknown };
  const digest = signing._passwordDigest.bind(camera);
  signing._passwordDigest = () => {
    signing.password = Buffer.from(password).toString('latin1');
    try {
      return digest();
    } finally {
      signing.password = password;
    }
  };
}

async function profilesOf(
  camera: Cam,
  call: (run: (done: (error: Error | null, data?: unknown) => void) => void) => Promise<unknown>,
): Promise<NonNullable<ReturnType<typeof profileOf>>[]> {
  const state = camera as unknown as { media2Support?: boolean };
  const ask = (): Promise<unknown> => call((done) => camera.getProfiles(done));
  const said = await ask().catch((error: unknown) => {
    // Some say they have Media2, and do not.
    if (!state.media2Support || (error instanceof Fault && error.fault !== 'broken')) throw error;
    state.media2Support = false;
    return ask();
  });
  return (Array.isArray(said) ? said : [])
    .slice(0, MOST_PROFILES)
    .map(profileOf)
    .filter((each) => each !== undefined);
}

function faultOf(error: Error, xml: string): Fault {
  if (error instanceof Fault) return error;
  if (/NotAuthori[sz]ed|unauthori[sz]ed/i.test(xml) || /authoriz|authentication/i.test(error.message))
    return new Fault('password');
  if ('code' in error || error.message === 'Network timeout') return new Fault('silent');
  return new Fault('broken');
}

const stop = (error: unknown): void => {
  say({ fault: error instanceof Fault ? error.fault : 'broken' });
  process.exit();
};

const ask = workerData as OnvifAsk | undefined;
if (parentPort && ask?.ask === 'discover') {
  // One answer that the package cannot read must not lose those of the others.
  process.on('uncaughtException', () => undefined);
  discover(ask);
} else if (parentPort && ask?.ask === 'streams') {
  process.on('uncaughtException', stop);
  streams(ask).then(() => process.exit(), stop);
}
