import { createHash, createHmac } from 'node:crypto';
import {
  sampleOf,
  type KeyAnswer,
  type ReportBody,
  type SignedReport,
  type ViewReport,
} from '../../hub/model/viewProof.ts';

export type Key = Extract<KeyAnswer, { ok: true }>;

/** What names a part in a report. */
export const printOf = (bytes: Uint8Array): string =>
  createHash('sha256').update(sampleOf(bytes)).digest('hex').slice(0, 32);

export function sign({ key, secret }: Pick<Key, 'key' | 'secret'>, body: ReportBody): SignedReport {
  const text = JSON.stringify(body);
  return { key, text, mac: createHmac('sha256', Buffer.from(secret, 'hex')).update(text).digest('hex') };
}

/** A line of a report as a page sends it of a tile that plays. */
export const line = (camera: string, from: number, to: number, change: Partial<ViewReport> = {}): ViewReport => ({
  ...{ camera, from, to, at: Date.now(), visible: true, width: 320, height: 180, frames: 25, parts: [] },
  ...change,
});
