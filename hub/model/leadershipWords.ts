/** Words of the numbers for leaders, Chinese and English. Runs in Node and in the browser. */
import type { CouldNotCause, RegionLevel } from './leadershipApi.ts';

type Pair = readonly [zh: string, en: string];

/** The groups of the vocabulary of findings. */
export const groupWords: Record<string, Pair> = {
  A: ['出勤', 'Attendance'],
  B: ['与工作无关', 'Unrelated to work'],
  C: ['精神状态', 'Condition'],
  D: ['饮食吸烟', 'Eating, smoking'],
  E: ['仪容仪表', 'Appearance'],
  F: ['服务态度', 'Service'],
  G: ['收费廉洁', 'Fees, gifts'],
  H: ['环境设备', 'Place, devices'],
};
export const causeWords: Record<CouldNotCause, Pair> = {
  offline: ['点位离线', 'Camera offline'],
  frozen: ['画面静止', 'Picture frozen'],
  black: ['画面全黑', 'Picture black'],
  covered: ['镜头遮挡', 'Lens covered'],
  other: ['其他', 'Other'],
};
export const levelWords: Record<RegionLevel, Pair> = {
  province: ['省级', 'Province'],
  city: ['市级', 'City'],
  county: ['区县级', 'County'],
};

/** Hours with one decimal below two days, then days. */
export function hoursOf(milliseconds: number | undefined, isChinese: boolean): string {
  if (milliseconds === undefined) return '–';
  const hours = milliseconds / 3_600_000;
  if (hours < 48) return `${Math.round(hours * 10) / 10} ${isChinese ? '小时' : 'h'}`;
  return `${Math.round(hours / 2.4) / 10} ${isChinese ? '天' : 'd'}`;
}
