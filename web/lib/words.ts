import type { dictionary } from './dictionary.ts';

export type Locale = 'zh' | 'en';
export type Word = keyof typeof dictionary;

/** The names in braces of a text: "第 {n} 次" → "n". */
type Blanks<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Blanks<Rest> : never;
/** What a text needs beside it: a value for each of its blanks. */
export type FillOf<Text extends string> = [Blanks<Text>] extends [never] ? [] : [Record<Blanks<Text>, string | number>];
export type Fill<W extends Word> = FillOf<(typeof dictionary)[W][0]>;

/** A text with its blanks filled in. */
export function filled(text: string, values: Record<string, string | number> | undefined): string {
  if (!values) return text;
  // English alone has a plural: "{n|visit|visits}" is "1 visit", "2 visits".
  return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name: string, one?: string, many?: string) => {
    const value = values[name] ?? whole;
    return one === undefined ? String(value) : `${value} ${Number(value) === 1 ? one : many}`;
  });
}
