/**
 * The push door (推流): takes RTMP from encoders that sit behind NAT and hands it on as HTTP-FLV on loopback, to the hub alone. A
 * process of its own, because the library it stands on knows no back-pressure and keeps its state in the module: what goes wrong here
 * ends nothing but pushed pictures. It is told everything on standard input (no secret on a command line), a JSON line each, and
 * answers on standard output likewise.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import context from 'node-media-server/src/core/context.js';
import logger from 'node-media-server/src/core/logger.js';
import FlvSession from 'node-media-server/src/session/flv_session.js';
import RtmpSession from 'node-media-server/src/session/rtmp_session.js';

/** hub → push door */
export type Told =
  | { kind: 'begin'; host: string; port: number; secret: string }
  /** SHA-256 (hex) of each camera's key. Who pushes with another one is cut off. */
  | { kind: 'keys'; keys: Record<string, string> };
/** push door → hub */
export type Said = { kind: 'ready'; port: number } | { kind: 'publishing'; cameras: string[] };

const app = 'push';
/** Until its key was found right, an encoder may say hardly anything. */
const strangerBytes = 65_536;
const strangerMs = 10_000;
/** An encoder that sends nothing for so long is gone. */
const silentMs = 15_000;
const mostConnections = 300;
/** One picture or sound; the library would take 16 MB of each channel. */
const mostMessage = 4_194_304;
const mostChannels = 32;
/** The hub does not read any more. */
const mostUnread = 16_777_216;
const mostMemory = 512 * 1_048_576;

/** The library tells of addresses and times on standard output, which is ours. */
logger.log = () => undefined;

let secret = '';
let keys = new Map<string, Buffer>();
/** Who pushes which camera, and the digest of the key they did it with. */
const publishers = new Map<string, { socket: Socket; digest: Buffer }>();

const say = (said: Said): void => void process.stdout.write(`${JSON.stringify(said)}\n`);
const tell = (): void => say({ kind: 'publishing', cameras: [...publishers.keys()] });
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const isSame = (one: Buffer, other: Buffer): boolean => one.length === other.length && timingSafeEqual(one, other);

/** The library trusts who connects: here are its bounds. What they throw ends the connection. */
function bound(rtmp: RtmpSession['rtmp'], isStranger: () => boolean): void {
  const alloc = rtmp.packetAlloc.bind(rtmp);
  rtmp.packetAlloc = () => {
    if (rtmp.parserPacket.header.length > (isStranger() ? strangerBytes : mostMessage)) throw new Error('message');
    if (rtmp.inPackets.size > mostChannels) throw new Error('channels');
    alloc();
  };
  const parse = rtmp.packetParse.bind(rtmp);
  rtmp.packetParse = () => {
    parse();
    // A message that becomes shorter than what came of it would be read backwards, for good.
    if (rtmp.parserPacket.bytes > rtmp.parserPacket.header.length) throw new Error('length');
  };
  const control = rtmp.controlHandler.bind(rtmp);
  rtmp.controlHandler = () => {
    control();
    if (!(rtmp.inChunkSize > 0 && rtmp.inChunkSize < 2 ** 31)) throw new Error('chunk size');
  };
}

function take(socket: Socket): void {
  const session = new RtmpSession(socket);
  const { rtmp } = session;
  let camera: string | undefined;
  let pushed: Buffer | undefined;
  let bytes = 0;
  const end = (): void => void socket.destroy();
  const stranger = setTimeout(end, strangerMs);
  bound(rtmp, () => camera === undefined);
  rtmp.onOutputCallback = session.onOutput;
  rtmp.onConnectCallback = (request) => {
    const { key } = request.query;
    const { name } = request;
    const wanted = typeof name === 'string' ? keys.get(name) : undefined;
    const given = digest(typeof key === 'string' ? key : '');
    // Compared in either case: how long it takes tells nothing of which cameras there are.
    const isRight = isSame(given, wanted ?? digest(secret)) && wanted !== undefined;
    if (request.app !== app || !isRight || camera !== undefined) throw new Error('refused');
    camera = name as string;
    pushed = given;
  };
  // Only the hub plays, and not by RTMP.
  rtmp.onPlayCallback = () => {
    throw new Error('refused');
  };
  rtmp.onPushCallback = () => {
    if (camera === undefined || !pushed) throw new Error('refused');
    // The newer one: an encoder whose connection was cut comes back before the old one is known to be gone.
    publishers.get(camera)?.socket.destroy();
    release(camera);
    session.onConnect({ app, name: camera, query: {} });
    session.onPush();
    if (!session.isPublisher) throw new Error('refused');
    clearTimeout(stranger);
    publishers.set(camera, { socket, digest: pushed });
    tell();
  };
  rtmp.onPacketCallback = (packet) => {
    if (session.isPublisher && session.broadcast.publisher === session) session.onPacket(packet);
  };
  socket.setNoDelay(true);
  socket.setTimeout(silentMs, end);
  socket.on('error', end);
  socket.on('data', (data) => {
    bytes += data.length;
    if (camera === undefined && bytes > strangerBytes) return end();
    try {
      session.onData(data);
    } catch {
      end();
    }
  });
  socket.on('close', () => {
    clearTimeout(stranger);
    context.sessions.delete(session.id);
    if (camera === undefined || publishers.get(camera)?.socket !== socket) return;
    publishers.delete(camera);
    release(camera);
    tell();
  });
}

/** Forgets what was pushed, and ends those who read it: what comes next begins anew, with its own times. */
function release(camera: string): void {
  const broadcast = context.broadcasts.get(`/${app}/${camera}`);
  if (!broadcast) return;
  const readers = [...broadcast.subscribers.values()];
  broadcast._finishPublish();
  for (const reader of readers) reader.close();
}

function play(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const camera = /^\/push\/([A-Za-z0-9_-]{1,80})\.flv$/.exec(pathname)?.[1];
  if (!isSame(digest(searchParams.get('secret') ?? ''), digest(secret))) return void response.writeHead(403).end();
  if (request.method !== 'GET' || camera === undefined || !publishers.has(camera))
    return void response.writeHead(404).end();
  response.on('error', () => undefined);
  response.writeHead(200, { 'content-type': 'video/x-flv' });
  new FlvSession(
    Object.assign(request, { params: { app, name: camera }, query: {}, hostname: '127.0.0.1' }),
    response,
  ).run();
}

function watch(): void {
  for (const { subscribers } of context.broadcasts.values())
    for (const { res } of subscribers.values()) if (res && res.writableLength > mostUnread) res.destroy();
  // Memory outside the heap has no bound of its own; whoever keeps this process running starts it again.
  if (process.memoryUsage.rss() > mostMemory) process.exit(1);
}

function begin({ host, port, secret: given }: Extract<Told, { kind: 'begin' }>): void {
  secret = given;
  const rtmp = createServer(take);
  rtmp.maxConnections = mostConnections;
  const fail = (error: Error): void => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  };
  rtmp.on('error', fail);
  const http = createHttpServer(play).on('error', fail);
  rtmp.listen(port, host, () =>
    http.listen(0, '127.0.0.1', () => say({ kind: 'ready', port: (http.address() as AddressInfo).port })),
  );
  setInterval(watch, 1_000);
}

function learn(given: Record<string, string>): void {
  keys = new Map(Object.entries(given).map(([camera, hex]) => [camera, Buffer.from(hex, 'hex')]));
  for (const [camera, { socket, digest: used }] of publishers) {
    const wanted = keys.get(camera);
    if (!wanted || !isSame(used, wanted)) socket.destroy();
  }
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const told = JSON.parse(line) as Told;
    if (told.kind === 'begin') begin(told);
    else learn(told.keys);
  })
  // Whoever started this is gone.
  .on('close', () => process.exit(0));
