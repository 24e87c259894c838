import type { LostCause } from '../../hub/model/verify.ts';
import { textsOf } from './locale.svelte.ts';

/** The texts of what a visit came to, which are loaded with it: Chinese and English, as in `dictionary.ts`. */
const visitWords = {
  counts: ['本次巡查计入', 'This visit counts'],
  countsNot: ['本次巡查不计入', 'This visit does not count'],
  whyCounts: [
    '{verified} 个窗口已核验，达到所需的 {needed} 个。',
    '{verified|window was|windows were} verified; {needed} needed.',
  ],
  whyNot: [
    '只有 {verified} 个窗口核验通过，需要 {needed} 个。',
    'Only {verified|window was|windows were} verified; {needed} needed.',
  ],
  whyShort: [
    '全程核验 {watched} 秒，至少需要 {least} 秒。',
    '{watched|second|seconds} of the visit were verified; at least {least} needed.',
  ],
  how: [
    '一秒计入，须服务器送出画面、本页证明收到并在可见处流畅播放、点位画面正常，三者时间相符。',
    'A second counts when the server delivered the picture, this page proved that it has it and played it in view, and the camera was well, all at the same time.',
  ],
  window: ['窗口', 'Window'],
  watched: ['核验时长', 'Verified'],
  result: ['结果', 'Result'],
  verified: ['已核验', 'verified'],
  notVerified: ['未核验', 'Not verified'],
  noCamera: ['没有点位', 'no camera'],
  whole: ['全程核验 {n} 秒。', '{n|second|seconds} of the visit were verified in all.'],
  refused: [
    '有 {n} 份观看回执未通过校验，不计时长，已记入台账。',
    '{n|report was|reports were} refused and counted nothing; the ledger says so.',
  ],
  inLedger: ['结果已写入台账。', 'The result is written to the ledger.'],
  toLedger: ['查看台账', 'Open the ledger'],
  seconds: ['{n} 秒', '{n} s'],
  lost: ['{cause} {n} 秒', '{cause} {n} s'],
  'lost.notReported': ['未播放', 'not played'],
  'lost.hidden': ['不可见', 'not in view'],
  'lost.small': ['画面太小', 'tile too small'],
  'lost.stalled': ['画面停住', 'picture stood still'],
  'lost.stale': ['画面过时', 'old picture'],
  'lost.notDelivered': ['未送达', 'not delivered'],
  'lost.black': ['黑屏', 'black picture'],
  'lost.covered': ['镜头遮挡', 'lens covered'],
  'lost.frozen': ['画面冻结', 'frozen picture'],
  'lost.offline': ['点位离线', 'camera offline'],
} as const satisfies Record<string, readonly [string, string]> & Record<`lost.${LostCause}`, readonly [string, string]>;

/** A text of a visit's result in the current language; reactive in templates. */
export const v = textsOf(visitWords);

/** What kept a window from counting, the longest first; what is shorter than a second is left out. */
export function lossesOf(
  lost: Partial<Record<LostCause, number>> | undefined,
): { cause: LostCause; seconds: number }[] {
  return Object.entries(lost ?? {})
    .map(([cause, seconds]) => ({ cause: cause as LostCause, seconds: Math.round(seconds) }))
    .filter(({ seconds }) => seconds >= 1)
    .sort((one, other) => other.seconds - one.seconds);
}
