/** What CSV files of ours have in common: RFC 4180, and no text that a spreadsheet takes for a formula. */

const formula = /^[=+\-@\t\r\n＝＋－＠]/;

/** A spreadsheet reads a text with such a beginning, in full width as well, as a formula; an apostrophe keeps it a text. */
export const guarded = (text: string): string => (formula.test(text) ? `'${text}` : text);

/** The text again that `guarded` gave an apostrophe. */
export const unguarded = (text: string): string =>
  text.startsWith("'") && formula.test(text.slice(1)) ? text.slice(1) : text;

/** One cell, in quotes where it needs them. */
export const csvCell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
