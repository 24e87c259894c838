/** The dictionary in one language, as `wordsPlugin.ts` splits it: `first-zh`, `later-zh`, `first-en`, `later-en`. */
declare module 'virtual:words/*' {
  const words: Readonly<Record<string, string>>;
  export default words;
}
