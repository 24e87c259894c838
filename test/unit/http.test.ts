import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FastifyInstance } from 'fastify';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { HubError } from '../../hub/model/error.ts';
import { networkOf } from '../../hub/platform/address.ts';
import { createHttp } from '../../hub/platform/http.ts';
import { createLog } from '../../hub/platform/log.ts';

describe('http', () => {
  let app: FastifyInstance;
  let web: string;
  const logged: string[] = [];

  beforeEach(async () => {
    web = await mkdtemp(join(tmpdir(), 'hallwatch-web-'));
    await mkdir(join(web, 'assets'));
    await writeFile(join(web, 'index.html'), '<title>page</title>');
    await writeFile(join(web, 'assets', 'index-3f2a.js'), 'export {}');
    logged.length = 0;
    app = await createHttp({
      log: createLog('info', { write: (line) => void logged.push(line) }),
      version: '1',
      web,
      perMinute: 20,
    });
    await app.register(async (scope) => {
      const body = z.object({ casefile: z.string(), steps: z.array(z.object({ at: z.int() })) });
      scope.post('/api/cases', { schema: { body } }, () => ({ ok: true }));
      scope.post('/api/ingest/events', { config: { rateLimit: { max: 3, timeWindow: 60_000 } } }, () => ({ ok: true }));
      scope.get('/api/stored', () => {
        throw Object.assign(new Error('invalid byte sequence for encoding "UTF8": 0x00'), { code: '22021' });
      });
      scope.get('/api/away', () => {
        throw new HubError('store.away', 'the database is not reachable');
      });
      scope.get('/api/broken', () => {
        throw new HubError('seal.broken', 'inner words');
      });
      scope.get('/api/bug', () => {
        throw new TypeError('inner words');
      });
    });
    await app.ready();
  });
  afterEach(async () => {
    await app.close();
    await rm(web, { recursive: true });
  });

  const expectProblem = (
    answer: { statusCode: number; headers: Record<string, unknown>; json: () => unknown },
    status: number,
  ): Record<string, unknown> => {
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    const body = answer.json() as Record<string, unknown>;
    expect(body).toMatchObject({ status, type: 'about:blank' });
    expect(body.title).toEqual(expect.any(String));
    return body;
  };

  it('names each wrong field and the reason', async () => {
    const body = expectProblem(
      await app.inject({ method: 'POST', url: '/api/cases', payload: { steps: [{ at: 1 }, { at: 'noon' }] } }),
      400,
    );
    expect(body.field).toBe('casefile');
    expect(body.errors).toEqual([
      { field: 'casefile', reason: expect.stringContaining('expected string') },
      { field: 'steps.1.at', reason: expect.stringContaining('expected number') },
    ]);
  });

  it('refuses what is no JSON (400), too large (413) and of another type (415)', async () => {
    const post = (payload: string, type: string) =>
      app.inject({ method: 'POST', url: '/api/cases', payload, headers: { 'content-type': type } });
    expectProblem(await post('{"a":', 'application/json'), 400);
    expectProblem(await post(`"${'a'.repeat(1024 * 1024)}"`, 'application/json'), 413);
    expectProblem(await post('<a/>', 'text/xml'), 415);
    expectProblem(await post('{"__proto__":{"a":1}}', 'application/json'), 400);
  });

  it('says 503 and when to come again while a server is away', async () => {
    const answer = await app.inject('/api/away');
    expect(expectProblem(answer, 503).reason).toBe('store.away');
    expect(answer.headers['retry-after']).toBe('1');
    expect(logged).toEqual([]);
  });

  it.each(['/api/broken', '/api/bug'])('logs what is ours and tells nothing of it: %s', async (url) => {
    const answer = await app.inject(url);
    expectProblem(answer, 500);
    expect(answer.body).not.toContain('inner words');
    expect(logged.join()).toContain('inner words');
  });

  it('answers unknown paths of the API by a problem, and other paths by the page', async () => {
    for (const url of ['/api/nothing', '/live/nothing', '/evidence/x.jpg', '/assets/gone.js', '/favicon.ico'])
      expectProblem(await app.inject(url), 404);
    expectProblem(await app.inject({ method: 'POST', url: '/desk' }), 404);
    for (const url of ['/', '/desk', '/cases/510104:1']) {
      const answer = await app.inject(url);
      expect([url, answer.statusCode, answer.body]).toEqual([url, 200, '<title>page</title>']);
      expect(answer.headers['cache-control']).toBe('no-cache');
    }
    const asset = await app.inject('/assets/index-3f2a.js');
    expect(asset.headers['cache-control']).toContain('immutable');
  });

  it('refuses to change anything for the page of another origin', async () => {
    const post = (headers: Record<string, string>) =>
      app.inject({
        method: 'POST',
        url: '/api/cases',
        payload: { casefile: 'a', steps: [] },
        headers: { host: 'hub.example:8080', ...headers },
      });
    expectProblem(await post({ origin: 'https://evil.example' }), 403);
    expectProblem(await post({ origin: 'http://hub.example:9090' }), 403);
    expectProblem(await post({ origin: 'null' }), 403);
    expectProblem(await post({ 'sec-fetch-site': 'cross-site' }), 403);
    expect((await post({ origin: 'http://hub.example:8080' })).statusCode).toBe(200);
    expect((await post({})).statusCode).toBe(200);
  });

  it('takes a text that cannot be stored, and an address that cannot be read, for what they are', async () => {
    expectProblem(await app.inject('/api/stored'), 400);
    expectProblem(await app.inject('/api/%ff'), 400);
    expect(logged).toEqual([]);
  });

  it('limits a door as it asks for itself, and an address however it is written', async () => {
    const send = () => app.inject({ method: 'POST', url: '/api/ingest/events' });
    for (let index = 0; index < 3; index += 1) expect((await send()).statusCode).toBe(200);
    expectProblem(await send(), 429);
    for (let index = 0; index < 20; index += 1) expect((await app.inject('/%61pi/away')).statusCode).toBe(503);
    expectProblem(await app.inject('/%61pi/away'), 429);
    expectProblem(await app.inject('/api/away'), 429);
  });

  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('counts %s as %s', (address, network) => expect(networkOf(address)).toBe(network));

  it('limits requests by address', async () => {
    for (let index = 0; index < 20; index += 1) expect((await app.inject('/api/nothing')).statusCode).toBe(404);
    expectProblem(await app.inject('/api/nothing'), 429);
    expect((await app.inject('/healthz')).json()).toEqual({ ok: true });
    expect((await app.inject('/')).statusCode).toBe(200);
  });

  it('lets pages run our own scripts and players only, and stays usable without TLS', async () => {
    const { headers } = await app.inject('/');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("media-src 'self' blob:");
    expect(policy).toContain("worker-src 'self' blob:");
    expect(policy).not.toContain('upgrade-insecure-requests');
    expect(headers).not.toHaveProperty('strict-transport-security');
  });

  it('publishes its schema', async () => {
    const schema = (await app.inject('/openapi.json')).json() as { paths: Record<string, unknown> };
    expect(schema.paths).toHaveProperty('/api/cases');
    expect((await app.inject('/docs/')).statusCode).toBe(200);
  });
});
