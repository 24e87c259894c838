import type { Plugin } from 'vite';
import { dictionary } from './lib/dictionary.ts';

/** Texts that no part of the first page shows, by what their keys begin with: they are loaded with the pages behind it. */
const later = new Set(
  [
    'notFound deadline clocks strip why applicant item status subject hall system part cases caseClock stat packs try',
    'colour limit when set value fact audience channel delivery urge recording matters matter matterState matterLive',
    'matterAct office business element stepType field fee sources stage health entry ledger',
  ].flatMap((line) => line.split(' ')),
);
const languages = ['zh', 'en'];

/** `virtual:words/first-zh` and the like: a browser loads the dictionary in the language it shows, and the first page's part of it first. */
export function wordsPlugin(): Plugin {
  const prefix = 'virtual:words/';
  return {
    name: 'words',
    resolveId: (id) => (id.startsWith(prefix) ? `\0${id}` : undefined),
    load(id) {
      if (!id.startsWith(`\0${prefix}`)) return;
      const [part, language] = id.slice(prefix.length + 1).split('-');
      const column = languages.indexOf(language ?? '');
      const words = Object.entries(dictionary)
        .filter(([key]) => (key.includes('.') && later.has(key.split('.')[0]!)) === (part === 'later'))
        .map(([key, both]) => [key, both[column]]);
      return `export default ${JSON.stringify(Object.fromEntries(words))};`;
    },
  };
}
