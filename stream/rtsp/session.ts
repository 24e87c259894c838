import { HubError } from '../../hub/model/error.ts';
import type { Address } from './address.ts';
import { Connection, type Response } from './connection.ts';
import { bindPorts, type Ports } from './ports.ts';
import { readDescription, unfit, type Described } from './sdp.ts';
import { Track, type TimedPicture } from './track.ts';

/** How a session ended, for people; `unfit` when the camera sends what only ffmpeg carries. */
export interface Ended {
  reason: string;
  unfit: boolean;
  /** The camera opened a session, and may keep it a while. */
  opened: boolean;
  /** The camera does not let this user in. */
  keptOut: boolean;
}

/** A late packet is waited for so long over UDP; TCP keeps the order. */
const PATIENCE_MS = 200;
const REPORT_MS = 5000;
/** Over UDP nothing at all for so long after PLAY. */
const NOTHING_MS = 5000;
/** What a camera expects that does not say (RFC 2326 §12.37), seconds. */
const TIMEOUT = 60;

const refusal = (message: string): HubError => new HubError('camera.rtsp', message);

/** Throws what an answer other than 200 means. */
function expectOk(method: string, { status }: Response, transport: string): void {
  if (status >= 200 && status < 300) return;
  if (status >= 300 && status < 400)
    throw refusal(`the camera sends one to another address (${status}): enter that one`);
  if (status === 403) throw refusal('the camera does not allow this user to watch (403)');
  if (status === 404) throw refusal('the camera knows no stream of this path (404)');
  if (status === 453 || status === 503) throw refusal(`the camera has no room for one more viewer (${status})`);
  if (status === 454) throw refusal('the camera ended the session (454)');
  if (status === 461) throw refusal(`the camera does not send over ${transport.toUpperCase()} (461)`);
  throw refusal(`the camera answers ${method} with ${status}`);
}

/**
 * One session at a camera: OPTIONS, DESCRIBE, SETUP, PLAY, kept alive as the camera wants it, TEARDOWN at the end. Pictures come by
 * interleaved TCP or UDP. `ended` resolves once, when every socket is closed.
 */
export class Session {
  readonly ended: Promise<Ended>;
  readonly #address: Address;
  readonly #take: (picture: TimedPicture) => void;
  readonly #connection: Connection;
  #track: Track | undefined;
  #described: Described | undefined;
  #ports: Ports | undefined;
  #session: string | undefined;
  #aliveBy = 'OPTIONS';
  #aliveMs = 0;
  #channel = 0;
  #playedAt = 0;
  readonly #timers: NodeJS.Timeout[] = [];
  /** Where reports go over UDP; 0 when the camera named no port. */
  #reportTo = { port: 0, host: '' };
  #over = false;
  #unfit = false;
  #keptOut = false;
  #reason: string | undefined;
  #finish: (ended: Ended) => void = () => undefined;

  /** Begins at once. */
  constructor(address: Address, take: (picture: TimedPicture) => void) {
    this.#address = address;
    this.#take = take;
    this.ended = new Promise((resolve) => (this.#finish = resolve));
    this.#connection = new Connection(address, {
      packet: (channel, bytes) => this.#packet(channel, bytes),
      ended: (reason) => this.#end(reason),
    });
    this.#begin().catch((error: unknown) => this.#fail(error));
  }

  /** Pictures come, but none can be shown before the next key picture. */
  get waiting(): boolean {
    return this.#track?.waiting ?? true;
  }
  /** How often pictures were lost on the way. */
  get losses(): number {
    return this.#track?.losses ?? 0;
  }
  /** When the last packet of pictures came, epoch ms. */
  get heardAt(): number | undefined {
    return this.#track?.heardAt;
  }

  /** Ends it, at any moment; resolves when every socket is closed. */
  async stop(): Promise<void> {
    this.#over = true;
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    const base = this.#described?.base;
    await this.#connection.close(
      this.#session === undefined || base === undefined
        ? undefined
        : { method: 'TEARDOWN', uri: base, headers: { Session: this.#session } },
    );
  }

  async #begin(): Promise<void> {
    const { uri, transport } = this.#address;
    await this.#connection.open();
    const options = await this.#connection.ask('OPTIONS', uri);
    // Some cameras know no OPTIONS, and all of what follows.
    if (options.status < 300 && /\bGET_PARAMETER\b/i.test(options.headers.get('public')?.join() ?? ''))
      this.#aliveBy = 'GET_PARAMETER';
    const description = await this.#connection.ask('DESCRIBE', uri, { Accept: 'application/sdp' });
    expectOk('DESCRIBE', description, transport);
    const base = description.headers.get('content-base')?.[0] ?? description.headers.get('content-location')?.[0];
    const isWhole = base !== undefined && /^rtsps?:\/\/[^\s]+$/i.test(base);
    this.#described = readDescription(description.body.toString('utf8'), isWhole ? base : uri);
    const track = new Track(this.#described, transport === 'udp' ? PATIENCE_MS : 0, this.#take);
    this.#track = track;
    await this.#setUp(this.#described.uri);
    expectOk(
      'PLAY',
      await this.#connection.ask('PLAY', this.#described.base, { Session: this.#session!, Range: 'npt=0.000-' }),
      transport,
    );
    this.#playedAt = Date.now();
    if (this.#over) return;
    this.#timers.push(
      setInterval(() => this.#report(), REPORT_MS),
      setInterval(() => void this.#keepAlive(), this.#aliveMs),
    );
  }

  async #setUp(uri: string): Promise<void> {
    const { transport } = this.#address;
    let wanted = 'RTP/AVP/TCP;unicast;interleaved=0-1';
    const local = this.#connection.local;
    if (transport === 'udp') {
      if (!local) throw refusal('the camera closed the connection');
      this.#ports = await bindPorts(local.version, local.host);
      if (this.#over) return this.#closePorts();
      wanted = `RTP/AVP;unicast;client_port=${this.#ports.port}-${this.#ports.port + 1}`;
    }
    const response = await this.#connection.ask('SETUP', uri, { Transport: wanted });
    expectOk('SETUP', response, transport);
    const [session = '', ...parameters] = (response.headers.get('session')?.[0] ?? '').split(';');
    if (!/^[\x21-\x7e]{1,256}$/.test(session.trim())) throw refusal('the camera opened no session');
    this.#session = session.trim();
    const timeout = parameters.map((each) => /^\s*timeout\s*=\s*(\d{1,6})/i.exec(each)?.[1]).find(Boolean);
    // Twice before it is over, and not more often than each second.
    this.#aliveMs = Math.max(1000, Math.min(TIMEOUT, Number(timeout) || TIMEOUT) * 400);
    const given = response.headers.get('transport')?.[0] ?? '';
    if (this.#ports && local) this.#listen(this.#ports, given, local.peer);
    else if (/client_port|RTP\/AVP(?:\/UDP)?;/i.test(given) && !/TCP/i.test(given))
      throw refusal('the camera does not send over TCP');
    this.#channel = Number(/interleaved\s*=\s*(\d{1,3})/i.exec(given)?.[1] ?? 0);
  }

  #listen({ rtp, rtcp }: Ports, given: string, peer: string): void {
    const [, media, control] = /server_port\s*=\s*(\d{1,5})(?:-(\d{1,5}))?/i.exec(given) ?? [];
    const server = [Number(media), Number(control ?? Number(media) + 1)].map((port) =>
      port > 0 && port < 65_536 ? port : 0,
    );
    rtp.on('message', (bytes, from) => {
      if (from.address === peer) this.#rtp(bytes);
    });
    rtcp.on('message', (bytes, from) => {
      if (from.address === peer) this.#rtcp(bytes);
    });
    // Opens the way back through a firewall, as every client does.
    if (server[0]) rtp.send(Buffer.from([0x80, ...new Array<number>(11).fill(0)]), server[0], peer);
    this.#reportTo = { port: server[1]!, host: peer };
  }

  #packet(channel: number, bytes: Buffer): void {
    if (channel === this.#channel) this.#rtp(bytes);
    else if (channel === this.#channel + 1) this.#rtcp(bytes);
  }

  #rtp(bytes: Buffer): void {
    if (this.#over) return;
    try {
      this.#track?.rtp(bytes, Date.now());
    } catch (error) {
      this.#fail(error);
    }
  }

  #rtcp(bytes: Buffer): void {
    if (this.#track?.rtcp(bytes, Date.now())) this.#fail(refusal('the camera ended the stream'));
  }

  #report(): void {
    const now = Date.now();
    if (this.#ports && this.#track?.heardAt === undefined && now - this.#playedAt >= NOTHING_MS - 500)
      return this.#fail(refusal('nothing comes over UDP: something on the way keeps it out, TCP may do'));
    const report = this.#track?.report(now);
    if (!report) return;
    const { port, host } = this.#reportTo;
    if (!this.#ports) this.#connection.send(this.#channel + 1, report);
    else if (port > 0) this.#ports.rtcp.send(report, port, host);
  }

  async #keepAlive(): Promise<void> {
    const { base } = this.#described!;
    try {
      const response = await this.#connection.ask(this.#aliveBy, base, { Session: this.#session! });
      if (response.status === 454) expectOk(this.#aliveBy, response, this.#address.transport);
      // Said to be known, and not known.
      if (response.status >= 400) this.#aliveBy = 'OPTIONS';
    } catch (error) {
      // There are cameras that do not answer this and go on: silence alone is told by the pictures.
      if (error instanceof HubError && error.message !== 'the camera does not answer') this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.#unfit = error instanceof HubError && error.code === unfit('').code;
    this.#keptOut = error instanceof HubError && error.code === 'camera.password';
    this.#reason = error instanceof HubError ? error.message : 'the camera sends what makes no sense';
    // Tells the camera goodbye where it listens, so that it frees the session at once.
    void this.stop();
  }

  #closePorts(): void {
    this.#ports?.close();
    this.#ports = undefined;
  }

  /** The connection is closed. */
  #end(reason: string): void {
    this.#over = true;
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    this.#closePorts();
    const [unfit, opened, keptOut] = [this.#unfit, this.#session !== undefined, this.#keptOut];
    this.#finish({ reason: this.#reason ?? reason, unfit, opened, keptOut });
  }
}
