import { dictionary } from './dictionary.ts';

export type Locale = 'zh' | 'en';
export type Word = keyof typeof dictionary;

/** The names in braces of a text: "第 {n} 次" → "n". */
type Blanks<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Blanks<Rest> : never;
/** What a text needs beside it: a value for each of its blanks. */
export type FillOf<Text extends string> = [Blanks<Text>] extends [never] ? [] : [Record<Blanks<Text>, string | number>];
export type Fill<W extends Word> = FillOf<(typeof dictionary)[W][0]>;

/** A text of the dictionary in a language, its blanks filled in. */
export function word<W extends Word>(locale: Locale, key: W, ...fill: Fill<W>): string {
  return filled(dictionary[key][locale === 'zh' ? 0 : 1], fill[0]);
}

/** A text with its blanks filled in. */
export function filled(text: string, values: Record<string, string | number> | undefined): string {
  if (!values) return text;
  // English alone has a plural: "{n|visit|visits}" is "1 visit", "2 visits".
  return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name: string, one?: string, many?: string) => {
    const value = values[name] ?? whole;
    return one === undefined ? String(value) : `${value} ${Number(value) === 1 ? one : many}`;
  });
}

/** For words whose key is made from data, such as `camera.${state}`. */
export const isWord = (key: string): key is Word => Object.hasOwn(dictionary, key);
