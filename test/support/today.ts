/**
 * To be imported before everything else: in this process, and in pages that are told so, it is Thursday 19 November 2026, 10:00 in
 * Shanghai, and time goes on from there. Day, week and month of a page's pictures are the same whenever they are taken.
 */
import { JsMsgImpl } from '../../node_modules/@nats-io/jetstream/lib/jsmsg.js';
import { ServerResponse } from 'node:http';
import type { BrowserContext } from 'playwright-core';

/** A Date so many milliseconds beside the real one; its source runs in pages as well. */
const besides = (Real: DateConstructor, by: number): DateConstructor => {
  const now = (): number => Real.now() + by;
  return new Proxy(Real, {
    construct: (target, values, made) =>
      Reflect.construct(target, values.length === 0 ? [now()] : values, made) as Date,
    get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)) as unknown,
  });
};

const by = Date.parse('2026-11-19T10:00:00+08:00') - Date.now();
globalThis.Date = besides(Date, by);

// The recorder takes the log's own time for the time of receipt, and the log's server keeps the real one.
const { get: infoOf } = Object.getOwnPropertyDescriptor(JsMsgImpl.prototype, 'info')!;
Object.defineProperty(JsMsgImpl.prototype, 'info', {
  get(this: JsMsgImpl) {
    const info = infoOf!.call(this) as JsMsgImpl['info'];
    return { ...info, timestampNanos: info.timestampNanos + by * 1e6 };
  },
});

// Node dates its answers by a clock of its own, and pages set theirs by that.
const { writeHead } = ServerResponse.prototype;
ServerResponse.prototype.writeHead = function (this: ServerResponse, ...values: unknown[]) {
  this.setHeader('date', new Date().toUTCString());
  return writeHead.apply(this, values as Parameters<typeof writeHead>);
} as typeof writeHead;

/** Pages of this browser context have the same day. */
export const sameDay = (context: BrowserContext): Promise<unknown> =>
  context.addInitScript(`window.Date = (${String(besides)})(Date, ${by})`);
