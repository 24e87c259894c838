/** An own authority and the hub's certificate for an intranet: made, shown, renewed. */
import { X509Certificate } from 'node:crypto';
import { access, chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { HubError } from '../model/error.ts';
import { daysLeft, soonDays } from '../platform/cert.ts';
import {
  checkNames,
  makeAuthority,
  makeServer,
  mostDays,
  namesOf,
  type Names,
  type Pair,
} from '../platform/certAuthority.ts';
import { commandSettings, say } from './backend.ts';
import { table } from './table.ts';

export interface CertFlags {
  host?: string[];
  ip?: string[];
  dir?: string;
  days?: number;
  force?: boolean;
  json?: boolean;
}

const places = (dir: string) => ({
  authority: { cert: join(dir, 'ca.crt'), key: join(dir, 'ca.key') },
  server: { cert: join(dir, 'server.crt'), key: join(dir, 'server.key') },
});

const folderOf = ({ dir }: CertFlags): string => dir ?? join(commandSettings().dataDir, 'tls');

function daysOf({ days = mostDays }: CertFlags): number {
  if (days < 1 || days > mostDays) throw new HubError('cli.input', `--days: expected 1 to ${mostDays}`);
  return days;
}

/** Makes an authority and a certificate; those that are there are replaced only with `--force`. */
export async function makeCert(flags: CertFlags): Promise<void> {
  const names: Names = { hosts: flags.host ?? [], ips: flags.ip ?? [] };
  checkNames(names);
  const days = daysOf(flags);
  const dir = folderOf(flags);
  const { authority, server } = places(dir);
  if (!flags.force && (await isThere(authority.cert)))
    throw new HubError(
      'cli.input',
      `${authority.cert} is there already: cert renew makes a new certificate under it, --force a new authority, which everybody must trust anew`,
    );
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const root = await makeAuthority(names, { name: `Hallwatch 阳光巡查 CA (${hostname().slice(0, 30)})` });
  const leaf = await makeServer(root, names, { days });
  await write(authority, root);
  await write(server, leaf);
  const { fingerprint256 } = new X509Certificate(root.cert);
  if (flags.json) console.log(JSON.stringify({ authority, server, fingerprint: fingerprint256 }));
  else console.log(fingerprint256);
  say(howToTrust(authority, server, fingerprint256));
}

/** Makes a new certificate and key under the authority that is there, for the same names unless others are given. */
export async function renewCert(flags: CertFlags): Promise<void> {
  const days = daysOf(flags);
  const { authority, server } = places(folderOf(flags));
  const root = await readPair(authority);
  const given: Names = { hosts: flags.host ?? [], ips: flags.ip ?? [] };
  const names = given.hosts.length + given.ips.length > 0 ? given : namesOf(await readText(server.cert));
  const leaf = await makeServer(root, names, { days });
  await write(server, leaf);
  const certificate = new X509Certificate(leaf.cert);
  if (flags.json) console.log(JSON.stringify({ server, ...factsOf(certificate) }));
  else console.log(certificate.fingerprint256);
  say(`${server.cert} is valid until ${localTime(certificate.validTo)}; a running hub takes it within seconds.`);
}

/** Shows both; false when one has ended or ends within thirty days, so that a timer can ask. */
export async function showCert(flags: CertFlags): Promise<boolean> {
  const { authority, server } = places(folderOf(flags));
  const files = [server.cert, authority.cert];
  const shown = [];
  for (const file of files) shown.push({ file, ...factsOf(new X509Certificate(await readText(file))) });
  if (flags.json) console.log(JSON.stringify(shown));
  else
    for (const { file, names, from, until, days, fingerprint } of shown)
      console.log(
        `${table([
          [file, ''],
          ['  名称 names', names],
          ['  有效期 valid', `${from} – ${until} (剩余 ${days} 天, ${days} days left)`],
          ['  SHA-256', fingerprint],
        ])}\n`,
      );
  const ending = shown.filter(({ days }) => days < soonDays);
  for (const { file, days } of ending) say(days < 0 ? `${file} has ended` : `${file} ends in ${days} days: renew it`);
  return ending.length === 0;
}

const localTime = (text: string): string =>
  new Date(text).toLocaleString('sv-SE', { timeZone: 'Asia/Shanghai', dateStyle: 'short', timeStyle: 'short' });

const factsOf = (certificate: X509Certificate) => ({
  names: certificate.subjectAltName ?? certificate.subject,
  from: localTime(certificate.validFrom),
  until: localTime(certificate.validTo),
  days: daysLeft(certificate, Date.now()),
  fingerprint: certificate.fingerprint256,
});

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new HubError(
      'cli.input',
      `${file}: cannot be read (${(error as NodeJS.ErrnoException).code}); hallwatch cert make writes it`,
      { cause: error },
    );
  }
}

const readPair = async (files: Pair): Promise<Pair> => ({
  cert: await readText(files.cert),
  key: await readText(files.key),
});

/** The key first: a hub that reads in between finds a pair that does not fit, and waits. */
async function write(files: Pair, pair: Pair): Promise<void> {
  for (const [file, text, mode] of [
    [files.key, pair.key, 0o600],
    [files.cert, pair.cert, 0o644],
  ] as const) {
    await writeFile(`${file}.new`, text, { mode });
    // Whatever the mask of this shell, and whatever stood there before.
    await chmod(`${file}.new`, mode);
    await rename(`${file}.new`, file);
  }
}

const howToTrust = (authority: Pair, server: Pair, fingerprint: string): string => `
Let the hub use it / 让系统使用证书:
  TLS_CERT=${server.cert} TLS_KEY=${server.key}

每台电脑只需信任一次根证书 ${authority.cert}。安装前核对指纹 (SHA-256):
  ${fingerprint}
  Windows:  双击 ca.crt → 安装证书 → 本地计算机 → 受信任的根证书颁发机构
            或(管理员) certutil -addstore Root ca.crt
  统信/麒麟/Debian: sudo cp ca.crt /usr/local/share/ca-certificates/hallwatch.crt && sudo update-ca-certificates
  Chromium/360/奇安信 (Linux): certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n hallwatch -i ca.crt
  Firefox:  设置 → 隐私与安全 → 证书 → 查看证书 → 证书颁发机构 → 导入
请把 ca.key 移到离线介质保存:只有续期时才需要它。

Every computer trusts the authority once. Compare the fingerprint above before you install ${authority.cert}:
  Windows:  double-click ca.crt → Install → Local Machine → Trusted Root Certification Authorities
            or, as administrator: certutil -addstore Root ca.crt
  Debian:   sudo cp ca.crt /usr/local/share/ca-certificates/hallwatch.crt && sudo update-ca-certificates
  Chromium (Linux): certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n hallwatch -i ca.crt
  Firefox:  Settings → Privacy & Security → Certificates → View → Authorities → Import
  Programs on Node (front-end machines, hallwatch simulate): NODE_EXTRA_CA_CERTS=ca.crt
Keep ca.key off line: only a renewal needs it.`;
