// Whether the hub in this container answers, over HTTPS where it has a certificate: of itself, so nobody has to vouch for it.
import { get } from 'node:http';
import { get as getSecure } from 'node:https';

const of = (/** @type {string} */ name) => process.env[`HALLWATCH_${name}`] || process.env[name];
const at = { host: '127.0.0.1', port: Number(of('PORT') ?? 8080), path: '/healthz', timeout: 2500 };
const request = of('TLS_CERT') ? getSecure({ ...at, rejectUnauthorized: false }) : get(at);
request.on('response', ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1));
request.on('timeout', () => process.exit(1));
request.on('error', () => process.exit(1));
