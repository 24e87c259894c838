/** The check of a published draw in this browser, by the recipe that drew it; crypto.subtle is absent on plain HTTP. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { startOf } from '../../hub/model/calendar.ts';
import { faultsOf, type DrawFault } from '../../hub/model/draw.ts';
import type { DrawView } from '../../hub/model/drawApi.ts';

const digest = (input: string | Uint8Array): string =>
  bytesToHex(sha256(typeof input === 'string' ? utf8ToBytes(input) : input));

export const checkDraw = (draw: DrawView): DrawFault[] =>
  faultsOf(digest, { ...draw, lots: draw.lots ?? [] }, startOf(draw.day));
