/** What a request's bytes hold: candidates for events, or why the body as a whole is none. */

/** One event as it came: parsed JSON, or why it is not even that. `bytes` is what is kept of it when it is refused. */
export type Candidate =
  { ok: true; input: unknown; bytes: () => Uint8Array } | { ok: false; reason: string; bytes: () => Uint8Array };

export type Body =
  { ok: true; candidates: Candidate[] } | { ok: false; status: 400 | 413; field: string; reason: string };

export const mostEvents = 50_000;
const tooMany: Body = {
  ok: false,
  status: 413,
  field: '',
  reason: `more than ${mostEvents} events in one request; send several`,
};
const decoder = new TextDecoder('utf-8', { fatal: true });

/** A JSON object or an array of them. */
export function parseJson(bytes: Uint8Array): Body {
  const text = decode(bytes);
  if (text === undefined) return { ok: false, status: 400, field: '', reason: notUtf8(bytes) };
  const parsed = readJson(text);
  if (!parsed.ok) return { ok: false, status: 400, field: '', reason: parsed.reason };
  const inputs = Array.isArray(parsed.value) ? (parsed.value as unknown[]) : [parsed.value];
  if (inputs.length > mostEvents) return tooMany;
  return {
    ok: true,
    candidates: inputs.map((input) => ({ ok: true, input, bytes: () => Buffer.from(textOf(input)) })),
  };
}

/** One JSON object a line; empty lines are passed over. A broken line costs itself only. */
export function parseLines(bytes: Uint8Array): Body {
  const candidates: Candidate[] = [];
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let number = 0;
  for (let from = 0; from < buffer.length;) {
    const found = buffer.indexOf(0x0a, from);
    const end = found === -1 ? buffer.length : found;
    const line = buffer.subarray(from, end);
    from = end + 1;
    number += 1;
    const text = decode(line);
    if (text?.trim() === '') continue;
    if (candidates.length >= mostEvents) return tooMany;
    const parsed =
      text === undefined ? { ok: false as const, reason: `line ${number}: ${notUtf8(line)}` } : readJson(text, number);
    if (parsed.ok) candidates.push({ ok: true, input: parsed.value, bytes: () => line });
    else candidates.push({ ok: false, reason: parsed.reason, bytes: () => line });
  }
  return { ok: true, candidates };
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Names the first byte that is wrong: found by halving, because the decoder does not tell. */
function notUtf8(bytes: Uint8Array): string {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, middle), { stream: true });
      good = middle;
    } catch {
      bad = middle;
    }
  }
  return `byte ${good + 1} is not UTF-8; send UTF-8, not GB18030`;
}

/** `first` is the number of the text's first line. */
function readJson(text: string, first = 1): { ok: true; value: unknown } | { ok: false; reason: string } {
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const found = /at position (\d+)/.exec(message);
    const position = found ? Number(found[1]) : text.length;
    const before = text.slice(0, position);
    const line = first + before.split('\n').length - 1;
    const column = position - before.lastIndexOf('\n');
    // The engine's own words may quote the body; the place is enough.
    const what = /^Unexpected end|^Unterminated/.test(message) ? 'it ends too early' : 'unexpected character';
    return { ok: false, reason: `not JSON: ${what} at line ${line}, column ${column}` };
  }
}

/** Nesting can be deeper than the stack: then the bytes are not kept, and the reason still is. */
function textOf(input: unknown): string {
  try {
    return JSON.stringify(input) ?? '';
  } catch {
    return '';
  }
}
