/** Cells of the matters file as text: how each kind is read and written, and what is expected where it cannot be read. */

export type Read = { ok: true; value: unknown } | { ok: false; expected: string };

/** One way of writing values into a cell. */
export interface Kind {
  /** For error messages. */
  expected: string;
  /** For the people who fill in the form. */
  hint: string;
  read(text: string): Read;
  write(value: never): string;
}

/** XY-68: the explicit "there is none". */
const none = '无';

const value = (is: unknown): Read => ({ ok: true, value: is });

export const word: Kind = {
  expected: `text other than ${none}`,
  hint: '文字',
  read: (text) => (text === none ? { ok: false, expected: word.expected } : value(text)),
  write: (text: string) => text,
};

/** Text that a pattern accepts; `turn` makes a value of it. */
function pattern(expected: string, hint: string, accepts: RegExp, turn: (text: string) => unknown): Kind {
  return {
    expected,
    hint,
    read: (text) => (accepts.test(text) ? value(turn(text)) : { ok: false, expected }),
    write: (is: unknown) => String(is),
  };
}

export const count = pattern('a whole number such as 20', '整数', /^\d{1,6}$/, Number);
export const amount = pattern('yuan such as 12.50', '金额（元）', /^\d{1,12}(\.\d{1,2})?$/, Number);
export const day = pattern(
  'a day such as 2026-01-01',
  '日期，如 2026-01-01',
  /^\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?$/,
  (text) => {
    const [year, month = '', date = ''] = text.split(/[^\d]/);
    return `${year}-${month.padStart(2, '0')}-${date.padStart(2, '0')}`;
  },
);

/** One of a few words: the text in the file for each code. */
export function oneOf(words: Record<string, string>): Kind {
  const codes = new Map(Object.entries(words).map(([code, text]) => [text, code]));
  const all = [...codes.keys()];
  const expected = `one of ${all.join(', ')}`;
  return {
    expected,
    hint: all.join('、'),
    read: (text) => (codes.has(text) ? value(codes.get(text)) : { ok: false, expected }),
    write: (code: string) => words[code] ?? code,
  };
}

const answers = oneOf({ true: '是', false: '否' });
export const yes: Kind = {
  ...answers,
  read(text) {
    const read = answers.read(text);
    return read.ok ? value(read.value === 'true') : read;
  },
  write: (is: boolean) => answers.write(String(is) as never),
};

/** 无 stands for `null`. */
export function orNone(kind: Kind): Kind {
  const expected = `${kind === word ? 'text' : kind.expected}, or ${none}`;
  return {
    expected,
    hint: `${kind.hint}；没有的填“${none}”`,
    read: (text) => {
      if (text === none) return value(null);
      const read = kind.read(text);
      return read.ok ? read : { ok: false, expected };
    },
    write: (is: unknown) => (is === null ? none : kind.write(is as never)),
  };
}

/** Several of a kind, each on a line of its own or parted by semicolons; 无 stands for an empty list where it is `optional`. */
export function list(kind: Kind, optional = true): Kind {
  const expected = `${kind.expected}, several parted by ; or a new line${optional ? `, or ${none}` : ''}`;
  return {
    expected,
    hint: `${kind.hint}；多项用分号或换行分开${optional ? `；没有的填“${none}”` : ''}`,
    read(text) {
      if (optional && text === none) return value([]);
      const values: unknown[] = [];
      for (const [index, item] of text.split(/[;；\n]/).entries()) {
        const read = kind.read(item.trim());
        if (item.trim() === '' || !read.ok)
          return { ok: false, expected: `${read.ok ? kind.expected : read.expected} as item ${index + 1}` };
        values.push(read.value);
      }
      return value(values);
    },
    write: (values: unknown[]) =>
      values.length === 0 ? none : values.map((each) => kind.write(each as never)).join('\n'),
  };
}

/** An item of several parts with a `|` between them, each a field of an object. */
export function parts(fields: Record<string, { title: string; kind: Kind }>): Kind {
  const entries = Object.entries(fields);
  const shape = entries.map(([, { title }]) => title).join('|');
  return {
    expected: shape,
    hint: `${shape}（没有的部分填“${none}”）`,
    read(text) {
      const cells = text.split(/[|｜]/).map((each) => each.trim());
      if (cells.length !== entries.length) return { ok: false, expected: `${shape} with all ${entries.length} parts` };
      const object: Record<string, unknown> = {};
      for (const [index, [name, { title, kind }]] of entries.entries()) {
        const cell = cells[index] ?? '';
        const read = kind.read(cell);
        if (cell === '' || !read.ok)
          return { ok: false, expected: `${read.ok ? kind.expected : read.expected} as ${title}` };
        object[name] = read.value;
      }
      return value(object);
    },
    write: (object: Record<string, unknown>) =>
      entries.map(([name, { kind }]) => kind.write(object[name] as never)).join('|'),
  };
}
