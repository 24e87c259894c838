// The certificates' library resolves its parts by metadata and does not bring this itself.
import 'reflect-metadata';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  Extension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { createPrivateKey, KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { HubError } from '../model/error.ts';

/** Whom a certificate names: host names (also `*.example.cn`) and IP addresses. */
export interface Names {
  hosts: readonly string[];
  ips: readonly string[];
}

/** PEM, both. */
export interface Pair {
  cert: string;
  key: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const day = 86_400_000;
/** The clock of a machine that is asked may be behind. */
const before = 60 * 60_000;
const authorityDays = 3_652;
/** Browsers take no certificate of a server that lasts longer than 398 days. */
export const mostDays = 397;

const hostPattern = /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

/** Throws `HubError('cert.names')` that names the first one that is none. */
export function checkNames({ hosts, ips }: Names): void {
  if (hosts.length + ips.length === 0)
    throw new HubError('cert.names', '--host or --ip: expected at least one name that people type');
  if (hosts.length + ips.length > 50) throw new HubError('cert.names', '--host, --ip: expected at most 50 names');
  for (const host of hosts)
    if (host.length > 253 || !hostPattern.test(host) || isIP(host) !== 0)
      throw new HubError('cert.names', `--host ${host}: expected a host name such as hall.example.cn`);
  for (const ip of ips)
    if (isIP(ip) === 0) throw new HubError('cert.names', `--ip ${ip}: expected an IP address such as 10.20.0.5`);
}

/**
 * An authority of one's own for an intranet, P-256, ten years. It can sign for the names and nothing else (name constraints), so a key
 * that is lost opens no other site to whoever has it.
 */
export async function makeAuthority(
  names: Names,
  { name, now = Date.now() }: { name: string; now?: number },
): Promise<Pair> {
  checkNames(names);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [name] }],
    notBefore: new Date(now - before),
    notAfter: new Date(now + authorityDays * day),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      new Extension('2.5.29.30', true, constraintsOf(names)),
    ],
  });
  return { cert: certificate.toString('pem'), key: pemOf(keys.privateKey) };
}

/** A server's certificate with a key of its own. Throws `HubError('cert.names')` where the authority may not sign for a name. */
export async function makeServer(
  authority: Pair,
  names: Names,
  { days = mostDays, now = Date.now() }: { days?: number; now?: number } = {},
): Promise<Pair> {
  checkNames(names);
  const issuer = new X509Certificate(authority.cert);
  checkAllowed(issuer, names);
  const until = Math.min(now + days * day, issuer.notAfter.getTime());
  if (until <= now) throw new HubError('cert.ended', 'the authority has ended: make another one with --force');
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const signingKey = await webcrypto.subtle.importKey(
    'pkcs8',
    createPrivateKey(authority.key).export({ type: 'pkcs8', format: 'der' }),
    algorithm,
    false,
    ['sign'],
  );
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [{ CN: [(names.hosts[0] ?? names.ips[0]!).slice(0, 64)] }],
    issuer: issuer.subjectName,
    notBefore: new Date(now - before),
    notAfter: new Date(until),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension([
        ...names.hosts.map((value) => ({ type: 'dns' as const, value })),
        ...names.ips.map((value) => ({ type: 'ip' as const, value })),
      ]),
      await AuthorityKeyIdentifierExtension.create(issuer),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  // The chain without its root, which whoever asks has or does not trust.
  return { cert: certificate.toString('pem'), key: pemOf(keys.privateKey) };
}

/** The names in a server's certificate (PEM). */
export function namesOf(cert: string): { hosts: string[]; ips: string[] } {
  const names = new X509Certificate(cert).getExtension(SubjectAlternativeNameExtension)?.names.toJSON() ?? [];
  const of = (type: string): string[] => names.filter((each) => each.type === type).map(({ value }) => String(value));
  return { hosts: of('dns'), ips: of('ip') };
}

const serial = (): string => {
  const bytes = randomBytes(16);
  // Positive, and without a leading zero.
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes.toString('hex');
};

const pemOf = (key: webcrypto.CryptoKey): string =>
  KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();

/** One DER value: tag, length, content. */
function der(tag: number, ...content: Uint8Array[]): Buffer {
  const bytes = Buffer.concat(content);
  const { length } = bytes;
  const head =
    length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), bytes]);
}

const sequence = 0x30;
const dnsName = 0x82;
const ipAddress = 0x87;

/** NameConstraints (RFC 5280 §4.2.1.10): the names and what is below them; of a kind that is not named, nothing at all. */
function constraintsOf({ hosts, ips }: Names): Buffer {
  const permitted = [
    ...hosts.map((host) => der(sequence, der(dnsName, Buffer.from(host.replace(/^\*\./, ''), 'latin1')))),
    ...ips.map((ip) => {
      const bytes = bytesOf(ip);
      return der(sequence, der(ipAddress, bytes, Buffer.alloc(bytes.length, 0xff)));
    }),
  ];
  const excluded = [
    ...(hosts.length > 0 ? [] : [der(sequence, der(dnsName))]),
    ...(ips.length > 0 ? [] : [4, 16].map((length) => der(sequence, der(ipAddress, Buffer.alloc(2 * length))))),
  ];
  return der(sequence, der(0xa0, ...permitted), ...(excluded.length > 0 ? [der(0xa1, ...excluded)] : []));
}

function bytesOf(ip: string): Buffer {
  if (isIP(ip) === 4) return Buffer.from(ip.split('.').map(Number));
  // URL writes an IPv6 address in its shortest form, without a dotted end.
  const [left = '', right] = new URL(`http://[${ip}]`).hostname.slice(1, -1).split('::');
  const words = (text: string): number[] => (text === '' ? [] : text.split(':').map((word) => parseInt(word, 16)));
  const [first, last] = [words(left), words(right ?? '')];
  const all = [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 255]));
}

/** What the library does not check: whether the authority's constraints hold for the names. */
function checkAllowed(issuer: X509Certificate, names: Names): void {
  const constraints = issuer.getExtension('2.5.29.30');
  if (!constraints) return;
  const [permitted] = childrenOf(childrenOf(Buffer.from(constraints.value))[0]!.content);
  const bases = childrenOf(permitted!.content).map(({ content }) => childrenOf(content)[0]!);
  const hosts = bases
    .filter(({ tag }) => tag === dnsName)
    .map(({ content }) => content.toString('latin1').toLowerCase());
  for (const host of names.hosts) {
    const name = host.toLowerCase().replace(/^\*\./, '');
    if (!hosts.some((each) => name === each || name.endsWith(`.${each}`))) throw foreign('--host', host, hosts);
  }
  const ips = bases
    .filter(({ tag }) => tag === ipAddress)
    .map(({ content }) => content.subarray(0, content.length / 2));
  for (const ip of names.ips) if (!ips.some((each) => each.equals(bytesOf(ip)))) throw foreign('--ip', ip, []);
}

const foreign = (flag: string, name: string, allowed: readonly string[]): HubError =>
  new HubError(
    'cert.names',
    `${flag} ${name}: the authority may not sign for it${allowed.length > 0 ? ` (only for ${allowed.join(', ')} and below)` : ''}; make another authority with cert make --force, which everybody must trust anew`,
  );

function childrenOf(bytes: Buffer): { tag: number; content: Buffer }[] {
  const found = [];
  for (let at = 0; at + 2 <= bytes.length;) {
    const tag = bytes[at]!;
    const first = bytes[at + 1]!;
    const wide = first < 128 ? 0 : first & 0x7f;
    const length = wide === 0 ? first : bytes.readUIntBE(at + 2, wide);
    const from = at + 2 + wide;
    found.push({ tag, content: bytes.subarray(from, from + length) });
    at = from + length;
  }
  return found;
}
