/**
 * Runs before each browser test (vitest.config.ts): in this process, and in its pages, it is Thursday 19 November 2026, 10:00 in
 * Shanghai, and time goes on from there. What a page shows, and what is due, missed or of today, is the same whenever they run.
 * Another moment for a look at closing time or midnight: TODAY=2026-12-31T23:58+08:00.
 */
import { JsMsgImpl } from '../../node_modules/@nats-io/jetstream/lib/jsmsg.js';
import { ServerResponse } from 'node:http';
import { beside, day } from './day.ts';

const by = Date.parse(process.env.TODAY ?? '2026-11-19T10:00:00+08:00') - Date.now();
day.shiftMs = by;
globalThis.Date = beside(Date, by);

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
