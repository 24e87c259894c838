import { X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, createServer, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readSettings } from '../../hub/config.ts';
import { makeCert, renewCert, showCert } from '../../hub/cli/cert.ts';
import { HubError } from '../../hub/model/error.ts';
import { followTls, readTls } from '../../hub/platform/cert.ts';
import { makeAuthority, makeServer, namesOf, type Pair } from '../../hub/platform/certAuthority.ts';
import { askWithin, createHttp } from '../../hub/platform/http.ts';
import { createLog } from '../../hub/platform/log.ts';
import { startRedirect, targetOf } from '../../hub/platform/redirect.ts';
import { removeFolder } from '../support/folder.ts';

const names = { hosts: ['localhost', '*.hall.example.cn'], ips: ['127.0.0.1', 'fd00::5'] };
const day = 86_400_000;
let root: Pair;
let leaf: Pair;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hallwatch-cert-'));
  root = await makeAuthority(names, { name: 'Hallwatch 阳光巡查 CA' });
  leaf = await makeServer(root, names);
});
afterAll(() => removeFolder(folder));

/** The certificate that a TLS server on a free port shows, when a client that trusts `ca` asks for `host`; rejects when it does not fit. */
async function shown(pair: Pair, ca: string, host: string): Promise<string> {
  const server = createServer({ cert: pair.cert, key: pair.key }, (socket) => socket.end());
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    return await ask((server.address() as AddressInfo).port, ca, host).then(({ print }) => print);
  } finally {
    server.close();
  }
}

function ask(port: number, ca: string, host: string): Promise<{ print: string; socket: TLSSocket }> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca, servername: host }, () =>
      resolve({ print: socket.getPeerX509Certificate()!.fingerprint256, socket }),
    );
    socket.on('error', reject);
  });
}

describe('an authority of one’s own', () => {
  it('signs for ten years with P-256, and a server for less than 398 days', () => {
    const [authority, server] = [root, leaf].map(({ cert }) => new X509Certificate(cert)) as [
      X509Certificate,
      X509Certificate,
    ];
    expect(authority.ca).toBe(true);
    expect(authority.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(authority.subject).toContain('阳光巡查');
    const lasts = (each: X509Certificate): number => Date.parse(each.validTo) - Date.parse(each.validFrom);
    expect(lasts(authority) / day).toBeCloseTo(3652, 0);
    expect(lasts(server)).toBeLessThan(398 * day);
    expect(server.ca).toBe(false);
    expect(server.verify(authority.publicKey)).toBe(true);
    expect(server.checkHost('desk.hall.example.cn')).toBeDefined();
    expect(server.checkIP('127.0.0.1')).toBeDefined();
    expect(namesOf(leaf.cert)).toEqual(names);
  });

  it('is believed by a TLS client for its names, and by nobody who does not know it', async () => {
    expect(await shown(leaf, root.cert, 'localhost')).toBe(new X509Certificate(leaf.cert).fingerprint256);
    const other = await makeAuthority(names, { name: 'other' });
    await expect(shown(leaf, other.cert, 'localhost')).rejects.toThrow();
  });

  it.each([
    [{ hosts: ['evil.example'], ips: [] }, '--host evil.example: the authority may not sign for it'],
    [{ hosts: ['nothall.example.cn'], ips: [] }, '--host nothall.example.cn: the authority may not sign for it'],
    [{ hosts: [], ips: ['127.0.0.2'] }, '--ip 127.0.0.2: the authority may not sign for it'],
    [{ hosts: [], ips: ['fd00::6'] }, '--ip fd00::6: the authority may not sign for it'],
    [{ hosts: [], ips: [] }, 'expected at least one name'],
    [{ hosts: ['a b'], ips: [] }, '--host a b: expected a host name'],
    [{ hosts: ['10.0.0.1'], ips: [] }, '--host 10.0.0.1: expected a host name'],
    [{ hosts: [], ips: ['hall'] }, '--ip hall: expected an IP address'],
  ])('refuses %o', async (wrong, reason) => {
    await expect(makeServer(root, wrong)).rejects.toThrow(reason);
  });

  it.each([{ hosts: ['a.hall.example.cn'], ips: [] }, names, { hosts: [], ips: ['fd00:0:0::0:5'] }])(
    'signs for %o',
    async (right) => {
      expect(new X509Certificate((await makeServer(root, right)).cert).issuer).toContain('阳光巡查');
    },
  );

  it('cannot sign for anybody else even with its key in the wrong hands: clients obey its constraints', async () => {
    const { authority, stolen } = await forged();
    await expect(shown(stolen, authority.cert, 'localhost')).rejects.toThrow('permitted subtree violation');
  });
});

/** A certificate for localhost by the key of an authority for another name: signed as if by one without constraints of the same name and key. */
async function forged(): Promise<{ authority: Pair; stolen: Pair }> {
  const { Extension, X509Certificate: Parsed, X509CertificateGenerator } = await import('@peculiar/x509');
  const authority = await makeAuthority({ hosts: ['hall.example.cn'], ips: ['127.0.0.1'] }, { name: 'narrow' });
  const { createPrivateKey, webcrypto } = await import('node:crypto');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const der = createPrivateKey(authority.key).export({ type: 'pkcs8', format: 'der' });
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
  const like = new Parsed(leaf.cert);
  const stolen = await X509CertificateGenerator.create({
    serialNumber: '01',
    subject: 'CN=localhost',
    issuer: new Parsed(authority.cert).subjectName,
    notBefore: like.notBefore,
    notAfter: like.notAfter,
    signingAlgorithm: algorithm,
    publicKey: like.publicKey,
    signingKey,
    extensions: like.extensions
      .filter(({ type }) => type !== '2.5.29.35')
      .map(({ type, critical, value }) => new Extension(type, critical, value)),
  });
  return { authority, stolen: { cert: stolen.toString('pem'), key: leaf.key } };
}

describe('hallwatch cert', () => {
  it('makes, shows and renews, keeps keys to itself, and does not replace an authority by accident', async () => {
    const dir = join(folder, 'tls');
    const printed: string[] = [];
    const log = vi.spyOn(console, 'log').mockImplementation((text: string) => void printed.push(text));
    const said = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    try {
      await makeCert({ host: ['localhost'], ip: ['127.0.0.1'], dir });
      const words = said.mock.calls.join('');
      const ca = new X509Certificate(await readFile(join(dir, 'ca.crt')));
      expect(printed).toEqual([ca.fingerprint256]);
      for (const each of [ca.fingerprint256, '受信任的根证书颁发机构', 'Trusted Root', 'TLS_CERT='])
        expect(words).toContain(each);
      for (const key of ['ca.key', 'server.key']) expect((await stat(join(dir, key))).mode & 0o777).toBe(0o600);
      expect((await stat(dir)).mode & 0o777).toBe(0o700);
      await expect(makeCert({ host: ['localhost'], dir })).rejects.toThrow('--force');
      expect(await showCert({ dir, json: true })).toBe(true);

      const before = await readTls({ cert: join(dir, 'server.crt'), key: join(dir, 'server.key') });
      await renewCert({ dir, days: 20 });
      const after = await readTls({ cert: join(dir, 'server.crt'), key: join(dir, 'server.key') });
      expect(after.leaf.fingerprint256).not.toBe(before.leaf.fingerprint256);
      expect(after.leaf.verify(ca.publicKey)).toBe(true);
      expect(namesOf(String(after.cert))).toEqual({ hosts: ['localhost'], ips: ['127.0.0.1'] });
      // It ends in less than thirty days: a timer that asks hears of it.
      expect(await showCert({ dir })).toBe(false);
      await expect(renewCert({ dir, host: ['elsewhere.cn'] })).rejects.toThrow('may not sign for it');
      await expect(renewCert({ dir, days: 800 })).rejects.toThrow('--days: expected 1 to 397');
      await expect(showCert({ dir: join(folder, 'nothing') })).rejects.toThrow('cert make writes it');
    } finally {
      log.mockRestore();
      said.mockRestore();
    }
  });
});

describe('the certificate of a hub', () => {
  const files = () => ({ cert: join(folder, 'hub.crt'), key: join(folder, 'hub.key') });
  const put = async (pair: Pair): Promise<void> => {
    for (const kind of ['key', 'cert'] as const) {
      await writeFile(`${files()[kind]}.new`, pair[kind]);
      await rename(`${files()[kind]}.new`, files()[kind]);
    }
  };

  it('is refused by the name of its setting, never with what stands in the key', async () => {
    await put(leaf);
    expect((await readTls(files())).leaf.fingerprint256).toBe(new X509Certificate(leaf.cert).fingerprint256);
    const reasonOf = (change: Partial<ReturnType<typeof files>>, now?: number): Promise<string> =>
      readTls({ ...files(), ...change }, now).then(
        () => '',
        (error: unknown) => {
          expect(error).toBeInstanceOf(HubError);
          return (error as HubError).message;
        },
      );
    const other = join(folder, 'other.key');
    await writeFile(other, (await makeServer(root, names)).key);
    expect(await reasonOf({ key: other })).toContain('TLS_KEY');
    expect(await reasonOf({ key: other })).toContain('expected the key of the certificate');
    expect(await reasonOf({ cert: join(folder, 'none') })).toContain('cannot be read (ENOENT)');
    expect(await reasonOf({ cert: other })).toContain('expected a certificate (PEM)');
    expect(await reasonOf({ key: files().cert })).toContain('expected a private key (PEM');
    expect(await reasonOf({}, Date.now() + 400 * day)).toContain('has not ended');
    expect(await reasonOf({ key: other })).not.toContain('BEGIN');
  });

  it('is replaced while connections stand, and stays while the files do not fit', async () => {
    await put(leaf);
    const lines: string[] = [];
    const server = createServer({ cert: leaf.cert, key: leaf.key }, (socket) => socket.pipe(socket));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const log = createLog('info', { write: (line) => void lines.push(line) });
    const stop = followTls(server, files(), log, { everyMs: 20 });
    const standing = await ask(port, root.cert, 'localhost');
    try {
      const next = await makeServer(root, names);
      await writeFile(files().key, 'half');
      await vi.waitFor(() => expect(lines.join()).toContain('the certificate stays as it is'), 5_000);
      const complaints = lines.length;
      await sleep(100);
      expect(lines).toHaveLength(complaints);
      expect((await ask(port, root.cert, 'localhost')).print).toBe(standing.print);
      await put(next);
      await chmod(files().key, 0o600);
      const wanted = new X509Certificate(next.cert).fingerprint256;
      await vi.waitFor(async () => expect((await ask(port, root.cert, 'localhost')).print).toBe(wanted), 5_000);
      const echo = new Promise<string>((done) => standing.socket.once('data', (bytes) => done(String(bytes))));
      standing.socket.write('still here');
      expect(await echo).toBe('still here');
    } finally {
      stop();
      standing.socket.destroy();
      server.close();
    }
  });

  it.each([
    [{ TLS_CERT: 'a' }, 'TLS_KEY: expected the file'],
    [{ TLS_KEY: 'a' }, 'TLS_CERT: expected the file'],
    [{ HTTP_PORT: '80' }, 'HTTP_PORT: expected TLS_CERT'],
    [{ TLS_CERT: 'a', TLS_KEY: 'b', HTTP_PORT: '70000' }, 'HTTP_PORT="70000": expected a port'],
    [{ TLS_CERT: 'a', TLS_KEY: 'b', PUBLIC_ORIGIN: 'http://hall.cn' }, 'PUBLIC_ORIGIN: expected https://'],
  ])('settings %o are refused', (given, reason) => {
    expect(() => readSettings(given)).toThrow(reason);
  });

  it('settings name both files', () => {
    expect(readSettings({ TLS_CERT: '/a', TLS_KEY: '/b', HTTP_PORT: '80' }).tls).toEqual({
      cert: '/a',
      key: '/b',
      httpPort: 80,
    });
    expect(readSettings({}).tls).toBeUndefined();
  });
});

describe('a hub with a certificate', () => {
  it('is asked from within, as the demonstration does, which does not know the authority', async () => {
    const tls = { cert: Buffer.from(leaf.cert), key: Buffer.from(leaf.key) };
    const app = await createHttp({ log: createLog('silent'), version: '1', tls });
    app.post('/api/events', (request) => ({ got: request.body, token: request.headers.authorization }));
    const headers = { 'content-type': 'application/json', authorization: 'Bearer x' };
    const answer = await askWithin(app)('https://127.0.0.1:1/api/events', { method: 'POST', headers, body: '{"a":1}' });
    expect([answer.status, await answer.json()]).toEqual([200, { got: { a: 1 }, token: 'Bearer x' }]);
    await app.close();
  });
});

describe('plain HTTP that leads to HTTPS', () => {
  it.each([
    [{ port: 8443 }, 'hall.cn', '/desk?a=1', 'https://hall.cn:8443/desk?a=1'],
    [{ port: 443 }, 'hall.cn:8080', '/', 'https://hall.cn/'],
    [{ port: 443 }, '[fd00::5]:80', '/', 'https://[fd00::5]/'],
    [{ origin: 'https://hall.cn' }, 'evil.cn', '/x', 'https://hall.cn/x'],
    [{ origin: 'https://hall.cn' }, undefined, '/x', 'https://hall.cn/x'],
    [{ port: 443 }, 'hall.cn', '//evil.cn/x', 'https://hall.cn/'],
    [{ port: 443 }, 'hall.cn', 'http://evil.cn/', 'https://hall.cn/'],
    [{ port: 443 }, 'hall.cn@evil.cn', '/', undefined],
    [{ port: 443 }, 'hall.cn/..', '/', undefined],
    [{ port: 443 }, undefined, '/', undefined],
  ])('%o %s %s', (to, host, path, expected) => {
    expect(targetOf(to, host, path)).toBe(expected);
  });

  it('answers 308, keeps no connection, and says when its port is taken', async () => {
    const redirect = await startRedirect({ host: '127.0.0.1', port: 0, to: { port: 8443 } });
    const answer = await fetch(`http://127.0.0.1:${redirect.port}/api/x?y`, { method: 'POST', redirect: 'manual' });
    expect([answer.status, answer.headers.get('location'), answer.headers.get('connection')]).toEqual([
      308,
      'https://127.0.0.1:8443/api/x?y',
      'close',
    ]);
    await expect(startRedirect({ host: '127.0.0.1', port: redirect.port, to: { port: 1 } })).rejects.toThrow(
      `HTTP_PORT=${redirect.port}`,
    );
    await redirect.stop();
  });
});
