/** JSON with sorted keys and no white space: the same value always gives the same text. Members that are undefined are left out. */
export function canonical(value: unknown): string {
  if (isArranged(value)) return JSON.stringify(value);
  return hasOddKeys(value) ? spelt(value) : JSON.stringify(arrange(value));
}

/** Whether JSON.stringify says it in the canonical order as it is: what was read from canonical JSON is. */
function isArranged(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return true;
  if (Array.isArray(value)) return value.every(isArranged);
  let before = '';
  for (const key in value) {
    if (key < before || !isArranged((value as Record<string, unknown>)[key])) return false;
    before = key;
  }
  return true;
}

/** The same value with its keys in order, for JSON.stringify. */
function arrange(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(arrange);
  const arranged: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) arranged[key] = arrange((value as Record<string, unknown>)[key]);
  return arranged;
}

/** An object puts keys that look like numbers first, and takes `__proto__` for something else: such keys cannot be arranged. */
function hasOddKeys(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.some(hasOddKeys);
  for (const key in value) {
    const first = key.charCodeAt(0);
    const isOdd = key === '__proto__' || (first >= 48 && first <= 57);
    if (isOdd || hasOddKeys((value as Record<string, unknown>)[key])) return true;
  }
  return false;
}

function spelt(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((each) => spelt(each ?? null)).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value as Record<string, unknown>)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${spelt(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value);
}
