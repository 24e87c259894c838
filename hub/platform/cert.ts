import { createPrivateKey, createHash, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { HubError } from '../model/error.ts';

/** Where the hub's certificate stands: `cert` may hold the chain behind it, `key` is its private key. PEM, both. */
export interface TlsFiles {
  cert: string;
  key: string;
}

/** What a TLS server is given. */
export interface Tls {
  cert: Buffer;
  key: Buffer;
  /** The first certificate of `cert`. */
  leaf: X509Certificate;
}

/** A certificate that ends within so many days is spoken of. */
export const soonDays = 30;
const day = 86_400_000;

export const daysLeft = (certificate: X509Certificate, now: number): number =>
  Math.floor((Date.parse(certificate.validTo) - now) / day);

/** Reads certificate and key; throws `HubError('tls.bad')` that names the setting when one cannot be read or they do not belong together. */
export async function readTls(files: TlsFiles, now = Date.now()): Promise<Tls> {
  const cert = await read('TLS_CERT', files.cert);
  const key = await read('TLS_KEY', files.key);
  const leaf = parse('TLS_CERT', files.cert, 'a certificate (PEM)', () => new X509Certificate(cert));
  const isOwn = parse('TLS_KEY', files.key, 'a private key (PEM, without a password)', () =>
    leaf.checkPrivateKey(createPrivateKey(key)),
  );
  if (!isOwn) throw bad('TLS_KEY', files.key, 'expected the key of the certificate in TLS_CERT');
  if (daysLeft(leaf, now) < 0)
    throw bad('TLS_CERT', files.cert, `expected a certificate that has not ended (${leaf.validTo})`);
  return { cert, key, leaf };
}

const bad = (name: string, file: string, reason: string, cause?: unknown): HubError =>
  new HubError('tls.bad', `${name}=${file}: ${reason}`, { cause });

async function read(name: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw bad(name, file, `cannot be read (${(error as NodeJS.ErrnoException).code})`, error);
  }
}

function parse<T>(name: string, file: string, what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw bad(name, file, `expected ${what}`, error);
  }
}

/** A server of node:tls, whatever it speaks. */
export interface SecureServer {
  setSecureContext(options: { cert: Buffer; key: Buffer }): void;
}

/**
 * Reads the files again and again, and gives the server what has changed: connections that stand stay, new ones get the new certificate.
 * Half-written or wrong files change nothing and are complained of once. Looking beats watching: certificates are
 * replaced by renaming, through links, and over network file systems. Returns how to stop.
 */
export function followTls(server: SecureServer, files: TlsFiles, log: Logger, { everyMs = 10_000 } = {}): () => void {
  let known: string | undefined;
  let complaint: string | undefined;
  let spoken = 0;
  let looking = false;
  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    try {
      const now = Date.now();
      const tls = await readTls(files, now);
      complaint = undefined;
      const print = createHash('sha256').update(tls.cert).update(tls.key).digest('hex');
      if (known !== undefined && print !== known) {
        server.setSecureContext(tls);
        log.info({ fingerprint: tls.leaf.fingerprint256, until: tls.leaf.validTo }, 'the certificate was replaced');
      }
      known = print;
      if (daysLeft(tls.leaf, now) < soonDays && now - spoken > day) {
        spoken = now;
        log.warn({ until: tls.leaf.validTo }, 'the certificate ends soon: renew it');
      }
    } catch (error) {
      const { message } = error as Error;
      if (message !== complaint) log.warn({ reason: message }, 'the certificate stays as it is');
      complaint = message;
    } finally {
      looking = false;
    }
  };
  void look();
  const timer = setInterval(() => void look(), everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
