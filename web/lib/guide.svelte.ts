/** Help and the first steps: which of them is open, and which accounts have seen the first steps in this browser. */
const key = 'hallwatch.guide';
/** More than share one browser. */
const most = 50;

/** `off`: nobody is invited in this browser. */
function seenBy(): string[] | 'off' {
  try {
    const kept = localStorage.getItem(key);
    if (kept === 'off') return 'off';
    const read: unknown = JSON.parse(kept ?? '[]');
    return Array.isArray(read) ? read.filter((each) => typeof each === 'string') : [];
  } catch {
    // A browser that keeps nothing would ask each time.
    return 'off';
  }
}

class Guide {
  #open = $state.raw<'help' | 'tour' | undefined>();
  #seen = $state.raw(seenBy());

  get open(): 'help' | 'tour' | undefined {
    return this.#open;
  }
  show(what: 'help' | 'tour'): void {
    this.#open = what;
  }
  close(): void {
    this.#open = undefined;
  }

  /** Whether an account has not been shown its first steps in this browser. */
  isNew(account: string): boolean {
    return this.#seen !== 'off' && !this.#seen.includes(account);
  }
  markSeen(account: string): void {
    if (!this.isNew(account) || this.#seen === 'off') return;
    this.#seen = [...this.#seen, account].slice(-most);
    try {
      localStorage.setItem(key, JSON.stringify(this.#seen));
    } catch {
      // For this page only.
    }
  }
}

export const guide = new Guide();
