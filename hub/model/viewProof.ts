/**
 * What a page sends of what it watched, and how it proves that it has the pictures (SC-11). Each page that follows a visit gets a
 * key of its own, only over its own connection; a report is numbered and signed with it (HMAC-SHA-256), and names for each camera
 * the parts it has by a fingerprint of their bytes. The stream part made the same fingerprints when it sent them, so who
 * never fetched a part cannot name it. No imports at run time: pages and hub both read this.
 */

/** One line of a player's report: what the page says it played of one camera since its last report. */
export interface ViewReport {
  camera: string;
  /** Programme time (server clock, epoch ms) that played since the last report: from, to. */
  from: number;
  to: number;
  /** The page's own wall clock at the end of the span. */
  at: number;
  /** Tile on screen, page visible, and its size in CSS pixels. */
  visible: boolean;
  width: number;
  height: number;
  /** Frames presented since the last report. */
  frames: number;
  /** Fingerprints of the parts that hold the span; see `sampleOf`. At most `mostParts`. */
  parts: string[];
}

export const mostParts = 256;

/** What is signed, as JSON text. */
export interface ReportBody {
  /** Grows with each report of a key: one that is not larger than the last is a replay. */
  number: number;
  /** The page's monotonic clock, milliseconds: it never runs backwards. */
  clock: number;
  /** At most 64 lines. */
  reports: ViewReport[];
}

export interface SignedReport {
  /** Which key. */
  key: string;
  /** `ReportBody` as JSON: what was signed is what is read, character by character. */
  text: string;
  /** HMAC-SHA-256 of `text` by the key's secret, hex. */
  mac: string;
}

/** `key`: this page has none that holds, and may ask for one; anything else is a report that will never count. */
export type ReportAnswer = { ok: true } | { ok: false; reason: 'key' | 'visit' | 'refused' | 'busy' };

/** `secret` is hex. A page that asks again gets another key, and its former one is dead. */
export type KeyAnswer = { ok: true; key: string; secret: string } | { ok: false; reason: 'visit' | 'right' | 'busy' };

/** Why a report counted nothing. `key`: signed by a key that was replaced or is not known. */
export const refusalCauses = ['altered', 'replayed', 'foreign', 'malformed', 'key'] as const;
export type RefusalCause = (typeof refusalCauses)[number];

const most = 4_096;
const stretch = 64;

/**
 * The bytes a part's fingerprint is made of: its length and all of it, or of a longer one 64 stretches of 64 bytes spread evenly
 * from its first byte to its last. Parts leave the hub whole or not at all, so that who has the sample has fetched the part,
 * and a page spends next to nothing on sixteen pictures. The fingerprint is the first half of the SHA-256 of it, hex.
 */
export function sampleOf(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  const sample = new Uint8Array(4 + Math.min(length, most));
  new DataView(sample.buffer).setUint32(0, length);
  if (length <= most) sample.set(bytes, 4);
  else {
    const stretches = most / stretch;
    for (let index = 0; index < stretches; index += 1) {
      const from = Math.floor((index * (length - stretch)) / (stretches - 1));
      sample.set(bytes.subarray(from, from + stretch), 4 + index * stretch);
    }
  }
  return sample;
}
