import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import fastifyStatic from '@fastify/static';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Sessions } from './access.ts';
import { networkOf } from './address.ts';
import type { Tls } from './cert.ts';
import { problem, problemOf, sendProblem } from './problem.ts';

export interface HttpOptions {
  log: Logger;
  version: string;
  /** The address people type, where it is not the one the hub listens on: behind a proxy or with TLS. */
  publicOrigin?: string | undefined;
  /** Certificate and key: HTTP/2 over TLS, and HTTP/1.1 over TLS for who speaks nothing else. Nobody stands in front of the hub then. */
  tls?: Pick<Tls, 'cert' | 'key'> | undefined;
  /** Folder of the built web; where there is none, the API stands alone. */
  web?: string | undefined;
  identify?: Sessions['identify'];
  /** Requests a minute of one session, or of one address without a session. Default 3,000: a wall of tiles asks for its lists only. */
  perMinute?: number;
}

const mebibyte = 1024 * 1024;

/**
 * The hub's HTTP server without any part's routes: problem+json for every error, security headers, cookies, limits, the
 * schema at /openapi.json and /docs, /healthz, and the web. Parts register their routes in scopes of their own.
 */
export async function createHttp(options: HttpOptions): Promise<FastifyInstance> {
  const { log, publicOrigin, tls, perMinute = 3_000 } = options;
  const isPlain = !tls && !publicOrigin?.startsWith('https:');
  const app = fastify({
    ...(tls ? secured(tls) : {}),
    logger: false,
    bodyLimit: mebibyte,
    // A blocked LL-HLS playlist answers within its own time; this bounds how long a request may take to arrive.
    requestTimeout: 60_000,
    connectionTimeout: 0,
    keepAliveTimeout: 72_000,
    routerOptions: { maxParamLength: 300, ignoreTrailingSlash: true },
    // Only a proxy sets these headers, and there is one only where the public address is set.
    trustProxy: publicOrigin === undefined || tls ? false : (_address: string, hop: number) => hop === 0,
    forceCloseConnections: true,
    return503OnClosing: false,
    onProtoPoisoning: 'error',
    // An address that cannot be read comes to no route, and to no error handler either.
    frameworkErrors: (error, _request, reply) => void sendProblem(reply, problemOf(error).problem),
  });
  app.server.headersTimeout = 20_000;
  if (tls) boundSessions(app);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);

  app.setErrorHandler((error, request, reply) => {
    const { problem: body, bug } = problemOf(error);
    if (bug) log.error({ err: error, method: request.method, route: request.routeOptions.url }, 'a request failed');
    return sendProblem(reply, body);
  });

  app.addHook('onRequest', (request, reply, done) => {
    if (isForeign(request, publicOrigin))
      sendProblem(reply, problem(403, { reason: 'the request comes from another origin' }));
    else done();
  });

  await app.register(cookie);
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        // hls.js builds its worker and its media from blobs.
        workerSrc: ["'self'", 'blob:'],
        mediaSrc: ["'self'", 'blob:'],
        imgSrc: ["'self'", 'data:', 'blob:'],
        styleSrc: ["'self'", "'unsafe-inline'"],
        fontSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        // On plain HTTP it would send every request to a port where nobody listens.
        ...(isPlain ? {} : { upgradeInsecureRequests: [] }),
      },
    },
    frameguard: { action: 'deny' },
    hsts: isPlain ? false : { maxAge: 15_552_000 },
    // Chromium ignores it, with a warning, on an address that is neither HTTPS nor loopback.
    crossOriginOpenerPolicy: isPlain ? false : { policy: 'same-origin' },
    referrerPolicy: { policy: 'same-origin' },
  });
  await app.register(rateLimit, {
    max: perMinute,
    timeWindow: 60_000,
    cache: 10_000,
    keyGenerator: async (request) => (await sessionOf(request, options)) ?? networkOf(request.ip),
    // Video has its own bounds in stream, and files of the web are cheap. By the route as well: an address can be written in many ways.
    allowList: ({ routeOptions, url }) =>
      ![routeOptions.url, url].some((each) => /^\/(api|evidence)\//.test(each ?? '')),
    errorResponseBuilder: (_request, { ttl }) =>
      Object.assign(new Error(`too many requests; again in ${Math.ceil(ttl / 1000)} s`), { statusCode: 429 }),
  });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Hallwatch 阳光巡查',
        version: options.version,
        description: 'Real-time supervision and video patrol for government service halls',
      },
    },
    transform: jsonSchemaTransform,
  });
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
  app.get('/healthz', { schema: { hide: true }, config: { rateLimit: false } }, () => ({ ok: true }));
  await serveWeb(app, options.web);
  return app;
}

/** More requests than a page makes at once wait at the client. */
const mostStreams = 256;

/** Without `enableConnectProtocol`: with it Chromium opens sockets over HTTP/2, which socket.io does not understand. */
const secured = ({ cert, key }: Pick<Tls, 'cert' | 'key'>): object => ({
  http2: true,
  http2SessionTimeout: 72_000,
  https: {
    allowHTTP1: true,
    cert,
    key,
    minVersion: 'TLSv1.2',
    // Megabytes a connection: sixteen pictures of a wall wait here for a slow reader, and no more than that.
    maxSessionMemory: 64,
    settings: { maxConcurrentStreams: mostStreams },
  },
});

/** What fastify does for servers of HTTP/1.1 only: bounds in time, and an end of requests that are blocked when the hub stops. */
function boundSessions(app: FastifyInstance): void {
  const { server } = app;
  server.requestTimeout = 60_000;
  server.keepAliveTimeout = 72_000;
  const connections = new Set<Closing>();
  const keep = (connection: Closing): void => {
    if (connections.has(connection)) return;
    connections.add(connection);
    connection.once('close', () => connections.delete(connection));
  };
  (server as EventEmitter).on('session', keep);
  server.on('request', (request) => {
    if (request.httpVersionMajor === 1) keep(request.socket);
  });
  app.addHook('preClose', (done) => {
    for (const connection of connections) connection.destroy();
    done();
  });
}

interface Closing {
  once(event: 'close', listener: () => void): unknown;
  destroy(): unknown;
}

/** Asks the hub from within it, as `fetch` would, which does not know the authority of the hub's own certificate. */
export const askWithin =
  (app: FastifyInstance) =>
  async (url: string, init: { method: string; headers: Record<string, string>; body: string }): Promise<Response> => {
    const { method, headers, body } = init;
    const answer = await app.inject({ method: method as 'POST', url: new URL(url).pathname, headers, payload: body });
    return new Response(answer.body, { status: answer.statusCode });
  };

async function sessionOf(request: FastifyRequest, { identify }: HttpOptions): Promise<string | undefined> {
  // Without the database the address alone counts.
  return identify?.(request).then(
    (who) => who?.session,
    () => undefined,
  );
}

const safe = new Set(['GET', 'HEAD', 'OPTIONS']);

/** A browser names the origin of every request that changes something; a program that names none has no browser's cookies to abuse. */
export function isForeign(
  request: Pick<FastifyRequest, 'method' | 'headers'>,
  publicOrigin: string | undefined,
): boolean {
  if (safe.has(request.method)) return false;
  const { origin } = request.headers;
  if (origin === undefined) return request.headers['sec-fetch-site'] === 'cross-site';
  if (origin === publicOrigin) return false;
  const host = request.headers.host ?? request.headers[':authority'];
  return !URL.canParse(origin) || new URL(origin).host !== host;
}

const year = 31_536_000;

/** The built web: hashed files for a year, the page itself never without asking; every unknown path outside the API is a page. */
async function serveWeb(app: FastifyInstance, web: string | undefined): Promise<void> {
  const hasWeb = web !== undefined && existsSync(join(web, 'index.html'));
  if (hasWeb) {
    await app.register(fastifyStatic, {
      root: web,
      wildcard: true,
      cacheControl: false,
      setHeaders(response, path) {
        const isHashed = path.includes('/assets/');
        response.header('cache-control', isHashed ? `public, max-age=${year}, immutable` : 'no-cache');
      },
    });
  }
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0]!;
    const isPage =
      (request.method === 'GET' || request.method === 'HEAD') &&
      !/^\/(api|live|evidence|assets|docs|socket\.io)(\/|$)/.test(path) &&
      !/\.[a-z0-9]{1,5}$/i.test(path);
    if (isPage && hasWeb) return reply.header('cache-control', 'no-cache').sendFile('index.html');
    return sendProblem(
      reply,
      problem(404, {
        detail: isPage ? 'the web is not built: npm run build' : `nothing stands at ${path.slice(0, 200)}`,
      }),
    );
  });
}
