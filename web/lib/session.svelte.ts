import type { Me, Vocabulary } from '../../hub/model/api.ts';
import type { Level } from '../../hub/model/pack.ts';
import type { Permission } from '../../hub/model/rights.ts';
import type { PackFunction } from '../../hub/model/settings.ts';
import { api, ApiError } from './api.ts';
import { inLocale, nameOf, t } from './locale.svelte.ts';

/** The page each role begins its day on. */
const landing = {
  inspector: '/',
  lineInspector: '/',
  hallManager: '/hall',
  administrator: '/system',
  postUser: '/entry',
  cataloguer: '/matters',
  establishmentOffice: '/matters',
  legalOffice: '/matters',
  overseer: '/watchers',
} as const;

/** Who is signed in, and the words of their region. */
class Session {
  #me = $state.raw<Me | undefined>();
  #vocabulary = $state.raw<Vocabulary | undefined>();
  #expired = $state.raw(false);
  #asking: Promise<Me | undefined> | undefined;

  get me(): Me | undefined {
    return this.#me;
  }
  get vocabulary(): Vocabulary | undefined {
    return this.#vocabulary;
  }
  /** The hub ended the session while the page was open. */
  get expired(): boolean {
    return this.#expired;
  }
  get home(): (typeof landing)[keyof typeof landing] | '/signals' | '/account' {
    if (this.#me?.mustChange) return '/account';
    const own = landing[this.#me?.role ?? 'inspector'];
    // C-01: without video there is nothing to patrol.
    return own === '/' && !this.has('video') ? '/signals' : own;
  }

  /** Asks the hub once who is signed in. Throws when the hub cannot be asked. */
  async find(): Promise<Me | undefined> {
    if (this.#me) return this.#me;
    this.#asking ??= api
      .me()
      .catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 401) return undefined;
        throw error;
      })
      .finally(() => (this.#asking = undefined));
    const me = await this.#asking;
    if (me) this.#enter(me);
    return me;
  }

  async signIn(account: string, password: string): Promise<void> {
    this.#enter(await api.signIn(account, password));
    this.#expired = false;
  }

  /** Asks again who this is: the rights have changed. */
  async renew(): Promise<void> {
    const me = await api.me();
    this.#me = undefined;
    this.#enter(me);
  }

  async signOut(): Promise<void> {
    await api.signOut();
    this.#leave();
  }

  expire(): void {
    if (!this.#me) return;
    this.#leave();
    this.#expired = true;
  }

  may(permission: Permission): boolean {
    return this.#me?.permissions.includes(permission) ?? false;
  }

  /** C-01: whether the region's system has a function; everything where its rules say nothing, and until they are known. */
  has(name: PackFunction): boolean {
    return this.#vocabulary?.functions?.includes(name) ?? true;
  }

  #enter(me: Me): void {
    if (this.#me?.account === me.account) return;
    this.#me = me;
    if (me.permissions.some((each) => each === 'finding.read' || each === 'matter.read')) void this.#learn();
  }

  #leave(): void {
    this.#me = undefined;
    this.#vocabulary = undefined;
  }

  /** The region's words and colours (C-02). Until they are here, and if they never come, the dictionary's are shown. */
  async #learn(): Promise<void> {
    try {
      const vocabulary = await api.vocabulary();
      this.#vocabulary = vocabulary;
      for (const [level, { colour }] of Object.entries(vocabulary.levels)) {
        document.documentElement.style.setProperty(`--${level}`, `var(--c-${colour})`);
      }
    } catch (error) {
      console.warn('vocabulary', error);
    }
  }

  levelWord(level: Level): string {
    const named = this.#vocabulary?.levels[level];
    return named ? inLocale(named.word) : t(`level.${level}`);
  }

  #matters = $derived(new Map((this.#vocabulary?.matters ?? []).map((matter) => [matter.code, matter])));
  #departments = $derived(
    new Map((this.#vocabulary?.departments ?? []).map((department) => [department.id, department])),
  );

  /** The name of a matter by its code; the code itself when the region does not publish it. */
  matterName(code: string | undefined): string {
    return code === undefined ? '' : nameOf(this.#matters.get(code)) || code;
  }
  departmentName(id: string | undefined): string {
    return id === undefined ? '' : nameOf(this.#departments.get(id));
  }
  findingName(code: string): string {
    const kind = this.#vocabulary?.findings.find((each) => each.code === code);
    return kind ? inLocale(kind.title) : code;
  }
}

export const session = new Session();
