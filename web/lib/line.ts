import type { EventLine } from '../../hub/model/live.ts';
import { isWord, t, tData } from './locale.svelte.ts';
import { session } from './session.svelte.ts';

/** What happened, in a word: the step's own name where it has one, in the reader's language where the dictionary knows it. */
export const lineWord = ({ kind, step }: EventLine): string => {
  if (kind !== 'case.stepped' || !step) return tData(`kind.${kind}`, 'kind.other');
  return isWord(`step.${step}`) ? tData(`step.${step}`, 'kind.other') : step;
};

/** What it happened to: the matter, or the case's number while the matter is unknown. */
export const lineSubject = (line: EventLine): string =>
  session.matterName(line.matter) || t('case.number', { number: line.casefile.replace(`${line.region}:`, '') });

/** The id of its case: `<region>:<number>`. */
export const lineCase = (line: EventLine): string =>
  line.casefile.startsWith(`${line.region}:`) ? line.casefile : `${line.region}:${line.casefile}`;
