/** The check of an export of a ledger in this browser; nothing leaves it. crypto.subtle is absent on plain HTTP. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { ChainCheck, type ChainVerdict } from '../../hub/model/chain.ts';

const hash = (text: string): string => bytesToHex(sha256(utf8ToBytes(text)));
/** The page stays alive: it draws between so many lines. */
const linesAtOnce = 500;
/** No line of an export is longer; a file without line ends would fill the memory. */
const longestLine = 1_000_000;

/** Reads a file line by line. `onRead` hears how many lines were read. Throws when the file cannot be read. */
export async function verifyFile(
  file: Pick<Blob, 'stream'>,
  noted: string,
  onRead: (lines: number) => void = () => {},
): Promise<ChainVerdict> {
  const check = new ChainCheck(hash, noted);
  const reader = file.stream().getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let lines = 0;
  for (;;) {
    const { done, value } = await reader.read();
    rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
    const found = rest.split('\n');
    rest = done ? '' : (found.pop() ?? '');
    if (rest.length > longestLine) {
      check.take(rest);
      void reader.cancel();
      return check.end();
    }
    for (const line of found) {
      check.take(line);
      lines += 1;
      if (lines % linesAtOnce !== 0) continue;
      onRead(lines);
      await new Promise((resolve) => setTimeout(resolve));
    }
    if (done) return check.end();
  }
}
