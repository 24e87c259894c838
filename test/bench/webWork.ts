/** Signals for a page: late cases through the HTTP door, as a department's system sends them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CaseEvent } from '../../hub/model/event.ts';
import type { TestHub } from '../support/hub.ts';
import { places, region, sourceToken } from './work.ts';

const day = 86_400_000;
const perRequest = 1_000;
/** Between two posts of a steady stream. */
const pause = 250;

export interface Sender {
  /** Posts late cases until there are about so many signals, and waits for them. Answers how many there are. */
  fill(signals: number): Promise<number>;
  /** Posts one late case; its number, and when it was posted. */
  one(): Promise<{ casefile: string; at: number }>;
  /** Signals a second until `stop`, which answers how many a second it were. */
  stream(rate: number): { stop(): Promise<number> };
}

export async function openSender(hub: TestHub): Promise<Sender> {
  const { store } = hub.context;
  const [{ matters, windows }, token] = [await places(hub), await sourceToken(hub)];
  let number = 0;
  /** Signals that come of one late case; learned from the first. */
  let each = 0;

  /** Taken in long ago and decided after forty days: the clocks speak when the decision arrives. */
  function late(): { casefile: string; events: CaseEvent[] } {
    number += 1;
    const casefile = `web-${number}`;
    const at = Date.now() - 90 * day + (number % 20_000) * 60_000;
    const common = { region, source: 'bench', casefile, window: windows[number % windows.length]!, handler: '0712' };
    const matter = matters[number % matters.length]!;
    const applicant = { name: '某某公司', class: 'enterprise' as const };
    return {
      casefile,
      events: [
        { kind: 'case.received', id: `${casefile}-1`, ...common, matter, occurredAt: at, applicant },
        { kind: 'case.accepted', id: `${casefile}-2`, ...common, matter, occurredAt: at + 600_000 },
        { kind: 'case.decided', id: `${casefile}-3`, ...common, outcome: 'approved', occurredAt: at + 40 * day },
        { kind: 'case.completed', id: `${casefile}-4`, ...common, occurredAt: at + 40 * day },
      ],
    };
  }
  async function post(events: readonly CaseEvent[]): Promise<void> {
    const answer = await fetch(`${hub.address}/api/ingest/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
      body: events.map((event) => JSON.stringify(event)).join('\n'),
    });
    const { refusedCount } = (await answer.json()) as { refusedCount: number };
    if (answer.status !== 200 || refusedCount > 0)
      throw new Error(`the door answered ${answer.status}, refused ${refusedCount}`);
  }
  async function signals(): Promise<number> {
    const [row] = await store.query<{ n: number }>('select count(*) as n from signal');
    return row!.n;
  }
  /** Until the recorder has written the last of what was posted. */
  async function written(casefile: string): Promise<void> {
    for (const end = Date.now() + 120_000; ; await sleep(50)) {
      const [row] = await store.query<{ n: number }>('select count(*) as n from event_id where id = $1', [
        `${casefile}-4`,
      ]);
      if (row!.n > 0) return;
      if (Date.now() > end) throw new Error(`${casefile} was not written within two minutes`);
    }
  }
  async function some(cases: number): Promise<number> {
    const before = await signals();
    let last = '';
    for (let events: CaseEvent[] = [], left = cases; left > 0; left -= 1) {
      const one = late();
      last = one.casefile;
      events.push(...one.events);
      if (events.length >= perRequest || left === 1) {
        await post(events);
        events = [];
      }
    }
    await written(last);
    return (await signals()) - before;
  }
  async function learn(): Promise<number> {
    if (each === 0) each = (await some(5)) / 5;
    if (!(each > 0)) throw new Error('no signal comes of a late case');
    return each;
  }
  return {
    async fill(wanted) {
      const first = await learn();
      await some(Math.max(1, Math.ceil((wanted - (await signals())) / first)));
      return signals();
    },
    async one() {
      const { casefile, events } = late();
      const at = Date.now();
      await post(events);
      return { casefile, at };
    },
    stream(rate) {
      const started = Date.now();
      let isOver = false;
      let sent = 0;
      const work = (async () => {
        const before = await signals();
        const cases = rate / (await learn()) / 1_000;
        for (let from = Date.now(), due = 0; !isOver; await sleep(pause)) {
          due = Math.floor((Date.now() - from) * cases) - sent;
          const events = Array.from({ length: due }, () => late().events).flat();
          sent += due;
          if (events.length > 0) await post(events);
        }
        return ((await signals()) - before) / ((Date.now() - started) / 1_000);
      })();
      // Told when it is stopped.
      work.catch(() => undefined);
      return {
        stop: () => {
          isOver = true;
          return work;
        },
      };
    },
  };
}
