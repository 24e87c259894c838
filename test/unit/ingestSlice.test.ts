import { describe, expect, it } from 'vitest';
import type { CaseEvent } from '../../hub/model/event.ts';
import { Slice } from '../../ingest/slice.ts';

const at = (text: string): number => Date.parse(`${text}+08:00`);
const common = { region: '510104', source: 's' };
const accepted = (casefile: string, time: string): CaseEvent => ({
  ...common,
  id: `${casefile}-a`,
  kind: 'case.accepted',
  casefile,
  matter: 'M1',
  occurredAt: at(time),
});
const stepped = (casefile: string, time: string): CaseEvent => ({
  ...common,
  id: `${casefile}-s${time}`,
  kind: 'case.stepped',
  casefile,
  step: 'x',
  occurredAt: at(time),
});
const completed = (casefile: string, time: string): CaseEvent => ({
  ...common,
  id: `${casefile}-z`,
  kind: 'case.completed',
  casefile,
  occurredAt: at(time),
});

function sliceOf(events: CaseEvent[]): Slice {
  const slice = new Slice();
  events.forEach((event, index) => slice.add({ event, line: index + 2 }));
  return slice;
}
const ids = ({ timed }: ReturnType<Slice['take']>): string[] => timed.map(({ event }) => event.id);

describe('Slice', () => {
  it('plays in the order of time, whatever the order of the file', () => {
    const events = [
      completed('A', '2026-10-05T09:00'),
      accepted('B', '2026-10-02T09:00'),
      accepted('A', '2026-10-01T09:00'),
    ];
    expect(ids(sliceOf(events).take(true))).toEqual(['A-a', 'B-a', 'A-z']);
  });

  it('plays nothing of a case before its acceptance', () => {
    const events = [
      stepped('A', '2026-09-30T10:00'),
      completed('A', '2026-10-01T00:00'),
      accepted('A', '2026-10-01T09:00'),
      stepped('B', '2026-09-30T11:00'),
    ];
    const taken = sliceOf(events).take(true);
    expect(ids(taken)).toEqual(['B-s2026-09-30T11:00', 'A-a', 'A-s2026-09-30T10:00', 'A-z']);
    // Only the order changes: what the source claimed stays.
    expect(taken.timed.at(-1)!.event.occurredAt).toBe(at('2026-10-01T00:00'));
    expect(taken.impossible).toEqual([]);
  });

  it('sets aside an end on a day before the acceptance', () => {
    const taken = sliceOf([accepted('A', '2026-10-02T09:00'), completed('A', '2026-10-01T23:59')]).take(true);
    expect(ids(taken)).toEqual(['A-a']);
    expect(taken.impossible).toMatchObject([{ line: 3, fault: { field: 'occurredAt' } }]);
  });

  it('keeps an end that lies after everything read so far for the next slice', () => {
    const slice = sliceOf([
      accepted('A', '2026-10-01T09:00'),
      completed('A', '2026-10-09T09:00'),
      stepped('A', '2026-10-02T09:00'),
    ]);
    expect(ids(slice.take(false))).toEqual(['A-a', 'A-s2026-10-02T09:00']);
    expect(slice.length).toBe(1);
    slice.add({ event: stepped('A', '2026-10-08T09:00'), line: 9 });
    expect(ids(slice.take(true))).toEqual(['A-s2026-10-08T09:00', 'A-z']);
    expect(slice.length).toBe(0);
  });

  it('never keeps more than half, or one slice could become the whole file', () => {
    const slice = sliceOf(Array.from({ length: 100 }, (_, n) => completed(`C${n}`, '2026-10-09T09:00')));
    expect(slice.take(false).timed).toHaveLength(50);
    expect(slice.length).toBe(50);
  });
});
