import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HubError } from '../model/error.ts';

export interface RedirectOptions {
  host: string;
  port: number;
  /** Where to: an origin that people type, or the port of the host that they asked for. */
  to: { origin: string } | { port: number };
}

export interface Redirect {
  port: number;
  stop(): Promise<void>;
}

const hostName = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)(:\d{1,5})?$/i;

/** Where a request for `path` at `host` belongs; undefined when it names no host, or something that is none. */
export function targetOf(to: RedirectOptions['to'], host: string | undefined, path: string): string | undefined {
  // What begins with two slashes would be another host.
  const rest = /^\/(?!\/)[\x21-\x7e]*$/.test(path) ? path : '/';
  if ('origin' in to) return to.origin + rest;
  const name = hostName.exec(host ?? '')?.[1];
  return name && `https://${name}${to.port === 443 ? '' : `:${to.port}`}${rest}`;
}

/** Plain HTTP that leads to HTTPS and does nothing else. Throws `HubError('http.taken')` when it cannot listen. */
export async function startRedirect({ host, port, to }: RedirectOptions): Promise<Redirect> {
  const server = createServer(
    { headersTimeout: 5_000, requestTimeout: 5_000, maxHeaderSize: 8_192 },
    (request, answer) => {
      const target = targetOf(to, request.headers.host, request.url ?? '/');
      request.resume();
      // 308 keeps the method; the connection is of no further use.
      if (target) answer.writeHead(308, { location: target, connection: 'close' }).end();
      else answer.writeHead(400, { connection: 'close' }).end();
    },
  );
  server.maxConnections = 256;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new HubError('http.taken', `HTTP_PORT=${port}: the hub cannot listen on ${host}:${port} (${error.code})`)),
    );
    server.listen(port, host, resolve);
  });
  return { port: (server.address() as AddressInfo).port, stop: () => close(server) };
}

const close = (server: Server): Promise<void> =>
  new Promise((done) => {
    server.close(() => done());
    server.closeAllConnections();
  });
