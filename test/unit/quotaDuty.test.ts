/** The life of a duty: planned, at risk, missed, done, or nothing there to inspect; and of a draw, with the swap of a hall. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { verifyDrawCommand } from '../../hub/cli/draw.ts';
import { endOf, startOf } from '../../hub/model/calendar.ts';
import { bytesOf, chosenBy, drawId, faultsOf } from '../../hub/model/draw.ts';
import type { Event, EventOf, WindowView } from '../../hub/model/event.ts';
import { notAsNeeded } from '../../hub/model/line.ts';
import { packPatrol } from '../../hub/model/quotaShape.ts';
import { Play } from '../support/play.ts';
import { packFor, smallWorld } from '../support/world.ts';

const region = '510104';
const day = '2026-11-20';
const at = (hour: number, minute = 0) => startOf(day) + (hour * 60 + minute) * 60_000;
const by = { region, source: 'serve', account: 'li', name: '李' };
const digest = '0'.repeat(64);
const patrol = packPatrol.parse({
  ...{ own: 2, article: '第六条', dueBy: 17 * 60, share: 0.5, secondsPerWindow: 10 },
  alert: { minutes: 60 },
});

let play: Play;
beforeEach(() => {
  play = new Play(smallWorld({ pack: packFor(region, { patrol }) }));
});

const plan = (change: Partial<EventOf<'patrol.planned'>> = {}) =>
  play.tell({
    ...{ kind: 'patrol.planned', id: 'p', region, source: 'planner', occurredAt: at(0), duty: 'd1', organ: 'organ-1' },
    ...{ hall: 'hall-1', day, required: 2, dueAt: at(17), riskAt: at(16), article: '第六条', of: 'own' },
    ...change,
  } as Event);
const turn = (hour: number, minute = 0) =>
  play.tell({
    ...{ kind: 'patrol.turned', id: `t${hour}:${minute}`, region, source: 'planner', occurredAt: at(hour, minute) },
    duty: 'd1',
  });
const begin = (visit: string, hour: number, account = 'li') =>
  play.tell({
    ...{ kind: 'patrol.visitStarted', id: `b${visit}`, ...by, occurredAt: at(hour), visit, duty: 'd1', hall: 'hall-1' },
    account,
    windows: ['w1', 'w2'],
  });
/** A minute later. `lost`: seconds without a picture at both windows. */
const finish = (visit: string, hour: number, seconds: number, lost?: WindowView['lost'], minute = 1, account = 'li') =>
  play.tell({
    ...{ kind: 'patrol.visitFinished', id: `f${visit}`, ...by, occurredAt: at(hour, minute), visit, digest, account },
    views: ['1', '2'].map((one) => ({
      ...{ window: `w${one}`, camera: `c${one}`, seconds, verified: false },
      ...(lost ? { lost } : {}),
    })),
  });
const visit = (name: string, hour: number, seconds = 12, lost?: WindowView['lost']) => {
  begin(name, hour);
  return finish(name, hour, seconds, lost);
};
const duty = () => play.duty('d1')!;
const acts = () => play.ledger.map(({ act }) => act);
const signals = () => [...play.signals.values()].map(({ rule, level, state }) => `${rule} ${level} ${state}`);

describe('a duty', () => {
  it('is planned, in progress, planned again for the second visit, and done', () => {
    plan();
    expect(duty()).toMatchObject({ state: 'planned', nextTurn: at(16) });
    begin('v1', 9);
    expect(duty().state).toBe('inProgress');
    finish('v1', 9, 12);
    expect(duty()).toMatchObject({ state: 'planned', done: 1, nextTurn: at(16) });
    visit('v2', 14);
    expect(duty()).toMatchObject({ state: 'done', done: 2 });
    expect(duty()).not.toHaveProperty('nextTurn');
    turn(16);
    turn(17);
    expect([duty().state, signals()]).toEqual(['done', []]);
  });

  it('raises a signal an hour before its time is over, which closes when it is done', () => {
    plan();
    visit('v1', 9);
    turn(16);
    expect(duty()).toMatchObject({ state: 'planned', nextTurn: at(17) });
    expect([...play.signals.values()][0]).toMatchObject({
      ...{ rule: 'patrolAtRisk', level: 'notice', state: 'issued', duty: 'd1', article: '第六条' },
      messageZh: '政务服务中心：2026-11-20 应巡 2 次，已巡 1 次，17:00 截止',
    });
    visit('v2', 16);
    expect([duty().state, signals()]).toEqual(['done', ['patrolAtRisk notice closed']]);
    turn(17);
    expect(duty().state).toBe('done');
  });

  it('that is missed raises another, which takes the place of the first; what comes later is no visit of that day', () => {
    plan();
    turn(16);
    turn(17);
    expect(duty()).toMatchObject({ state: 'missed', done: 0 });
    expect(signals()).toEqual(['patrolAtRisk notice escalated', 'patrolMissed warning issued']);
    const [first, second] = [...play.signals.values()];
    expect([first!.child, second!.parent]).toEqual([second!.id, first!.id]);
    expect(acts()).toEqual(['duty.planned', 'signal.issued', 'duty.missed', 'signal.issued', 'signal.escalated']);
    expect(begin('v1', 18).refused).toMatchObject({ field: 'duty', reason: 'the time for this duty is over' });
  });

  it('as needed begins with its visit, is never at risk and never missed, and takes another visit (SC-15)', () => {
    const pack = packFor(region, { patrol: { ...patrol, departments: 'asNeeded' } });
    play = new Play(smallWorld({ pack }));
    plan({ of: 'asNeeded', required: 1, dueAt: endOf(day) });
    expect(duty()).toMatchObject({ of: 'asNeeded', state: 'planned' });
    begin('v1', 9);
    expect(play.visit('v1')).toMatchObject({ organ: 'organ-1' });
    expect(duty()).not.toHaveProperty('nextTurn');
    play.tell({
      ...{
        kind: 'patrol.findingRecorded',
        id: 'f',
        ...by,
        occurredAt: at(9),
        finding: 'f1',
        visit: 'v1',
        window: 'w1',
      },
      code: 'B1',
    });
    expect(play.findings.get('f1')).toMatchObject({ organ: 'organ-1' });
    finish('v1', 9, 2);
    // It did not count, and its day may end like that.
    expect(duty()).toMatchObject({ state: 'planned', done: 0 });
    turn(23, 59);
    expect([duty().state, signals()]).toEqual(['planned', []]);
    visit('v2', 14);
    visit('v3', 15);
    expect(duty()).toMatchObject({ state: 'done', done: 2 });
    expect(duty()).not.toHaveProperty('nextTurn');
    expect(acts()).not.toContain('duty.missed');
  });

  it('as needed is refused where the rules have none (SC-15)', () => {
    expect(plan({ of: 'asNeeded', required: 1 }).refused).toMatchObject({ field: 'organ', reason: notAsNeeded });
    expect(play.duty('d1')).toBeUndefined();
  });

  it('tells the supervisors and names no hall for it, so that none hears of it', () => {
    plan();
    turn(17);
    expect([...play.signals.values()].map(({ hall, department }) => [hall, department])).toEqual([
      [undefined, undefined],
    ]);
    expect(play.notices.map(({ audience, hall }) => [audience, hall])).toEqual([['supervisors', undefined]]);
  });

  it('that is missed and not corrected in time is raised to the supervisors as well, as what it is about', () => {
    const escalation = [{ fromLevel: 'warning' as const, toLevel: 'correction' as const, withinWorkingDays: 1 }];
    play = new Play(smallWorld({ pack: packFor(region, { patrol, escalation }) }));
    plan();
    turn(17);
    const [missed] = [...play.signals.values()];
    const occurredAt = missed!.correctBy! + 1;
    play.tell({ kind: 'signal.turned', id: 'late', region, source: 'ticker', occurredAt, signal: missed!.id });
    expect(signals()).toEqual(['patrolMissed warning escalated', 'patrolMissed correction issued']);
    expect([...play.signals.values()][1]).toMatchObject({ duty: 'd1', day, parent: missed!.id });
    expect(play.notices.map(({ audience, hall }) => [audience, hall])).toEqual([
      ['supervisors', undefined],
      ['supervisors', undefined],
    ]);
  });

  it('raises none where the pack has no alert, and is missed all the same', () => {
    const { alert: _, ...silent } = patrol;
    play = new Play(smallWorld({ pack: packFor(region, { patrol: silent }) }));
    plan({ riskAt: undefined });
    turn(17);
    expect([duty().state, signals()]).toEqual(['missed', []]);
  });

  it('waits for a visit that is under way when its time is over', () => {
    plan({ required: 1 });
    begin('v1', 16);
    turn(16);
    turn(17);
    expect(duty().state).toBe('inProgress');
    finish('v1', 17, 12, undefined, 5);
    expect(duty().state).toBe('done');
  });

  it('whose visit is left open, or falls short after its time, is missed', () => {
    plan({ required: 1 });
    begin('v1', 16);
    turn(17);
    turn(24);
    expect(duty().state).toBe('missed');
    play = new Play(smallWorld({ pack: packFor(region, { patrol }) }));
    plan({ required: 1 });
    begin('v1', 16);
    turn(17);
    finish('v1', 17, 3, undefined, 5);
    expect(duty()).toMatchObject({ state: 'planned', nextTurn: at(17) });
    turn(17, 6);
    expect(duty().state).toBe('missed');
  });

  it('takes no visit of a hall that is closed still, but from ten minutes before it opens', () => {
    plan({ opensAt: at(9, 10) });
    expect(begin('v1', 8).refused).toMatchObject({ field: 'duty', reason: 'the hall is not open yet' });
    expect(begin('v1', 9).refused).toBeUndefined();
  });

  it('takes no visit that begins when its time is over, however late the ticker is', () => {
    plan({ required: 1, dueAt: at(17) });
    expect(begin('v1', 17).refused).toMatchObject({ field: 'duty', reason: 'the time for this duty is over' });
    visit('v2', 16);
    // Once it is done, another look at the hall is nobody's loss and no gain.
    expect(begin('v3', 18).refused).toBeUndefined();
    expect(duty()).toMatchObject({ state: 'done', done: 1 });
  });

  it('that was missed at midnight is made good by nothing that ends later', () => {
    plan({ required: 1 });
    begin('v1', 16);
    turn(16);
    turn(17);
    turn(24);
    const ledger = play.ledger.length;
    finish('v1', 24, 12, undefined, 5);
    expect(play.visit('v1')).toMatchObject({ state: 'finished' });
    expect(duty()).toMatchObject({ state: 'missed', done: 0 });
    expect(duty()).not.toHaveProperty('nextTurn');
    expect(signals()).toEqual(['patrolAtRisk notice escalated', 'patrolMissed warning issued']);
    expect(play.ledger.slice(ledger).map(({ act }) => act)).toEqual(['visit.finished']);
  });

  it('with two inspectors at once stays in progress until the second is ready', () => {
    plan({ required: 1 });
    begin('v1', 16);
    begin('v2', 16, 'wang');
    finish('v1', 16, 2);
    expect(duty()).toMatchObject({ state: 'inProgress', done: 0, open: ['wang'] });
    turn(16);
    turn(17);
    expect(duty()).toMatchObject({ state: 'inProgress', nextTurn: endOf(day) + 1 });
    finish('v2', 17, 12, undefined, 5, 'wang');
    expect(duty()).toMatchObject({ state: 'done', done: 1 });
    expect(duty()).not.toHaveProperty('open');
    expect(signals()).toEqual(['patrolAtRisk notice closed']);
  });

  it('gives one person no two visits of the same seconds', () => {
    plan();
    begin('v1', 9);
    expect(begin('v2', 9).refused?.reason).toBe('your visit of this duty is still open: finish it first');
    finish('v1', 9, 12);
    expect(begin('v2', 10).refused).toBeUndefined();
  });

  it('of before there were quotas is never ended by its time', () => {
    plan({ of: undefined, riskAt: undefined });
    expect(duty()).not.toHaveProperty('nextTurn');
    turn(17);
    expect(duty().state).toBe('planned');
  });
});

describe('a visit that could inspect nothing', () => {
  it('is proven by the cameras, keeps its cause, and is neither done nor missed', () => {
    plan();
    visit('v1', 9, 0, { black: 58 });
    expect(play.visit('v1')).toMatchObject({ counts: false, blind: 'black' });
    expect(duty()).toMatchObject({ state: 'planned', done: 0, blind: 1 });
    visit('v2', 14, 0, { offline: 60 });
    expect(duty()).toMatchObject({ state: 'couldNotInspect', done: 0, blind: 2, cause: 'offline' });
    expect(play.ledger.at(-1)).toMatchObject({
      act: 'duty.couldNotInspect',
      facts: { day, required: 2, done: 0, cause: 'offline', visit: 'v2' },
    });
    turn(17);
    expect([duty().state, signals()]).toEqual(['couldNotInspect', []]);
  });

  it('may be made good by one that counts', () => {
    plan({ required: 1 });
    visit('v1', 9, 0, { frozen: 60 });
    expect(duty().state).toBe('couldNotInspect');
    begin('v2', 10);
    expect(duty().state).toBe('inProgress');
    finish('v2', 10, 12);
    expect(duty()).toMatchObject({ state: 'done', done: 1 });
  });

  it.each([
    ['one window of two had a picture, which was enough', { w1: { black: 60 }, w2: {} }],
    ['there was a picture for as long as a window asks for', { w1: { black: 45 }, w2: { black: 45 } }],
    ['nobody looked', { w1: { hidden: 60 }, w2: { notReported: 60 } }],
  ])('is not one where %s', (_what, lost) => {
    plan();
    begin('v1', 9);
    play.tell({
      ...{ kind: 'patrol.visitFinished', id: 'f', ...by, occurredAt: at(9, 1), visit: 'v1', digest },
      views: Object.entries(lost).map(([window, each]) => ({
        ...{ window, camera: window.replace('w', 'c'), seconds: 0, verified: false, lost: each },
      })),
    } as Event);
    expect(play.visit('v1')).not.toHaveProperty('blind');
    expect(duty()).toMatchObject({ state: 'planned', done: 0 });
  });

  it.each([
    ['blinked', 1, undefined],
    ['showed nothing', 10.5, 'offline'],
  ])('that is as short as can be is one only where its cameras showed nothing: they %s', (_what, offline, blind) => {
    plan();
    begin('v1', 9);
    play.tell({
      ...{ kind: 'patrol.visitFinished', id: 'f', ...by, occurredAt: at(9) + 10_500, visit: 'v1', digest },
      views: ['1', '2'].map((one) => ({
        ...{ window: `w${one}`, camera: `c${one}`, seconds: 0, verified: false, lost: { offline, notReported: 9 } },
      })),
    });
    expect(play.visit('v1')?.blind).toBe(blind);
  });

  it('is not one that was over before a window could have been verified', () => {
    plan();
    begin('v1', 9);
    play.tell({
      ...{ kind: 'patrol.visitFinished', id: 'f', ...by, occurredAt: at(9) + 5_000, visit: 'v1', digest },
      views: [{ window: 'w1', camera: 'c1', seconds: 0, verified: false, lost: { offline: 5 } }],
    });
    expect(play.visit('v1')).not.toHaveProperty('blind');
  });
});

describe('a draw', () => {
  const sha256 = (input: string | Uint8Array): string => createHash('sha256').update(input).digest('hex');
  const seed = 'ab'.repeat(32);
  const draw = drawId(day, 'organ-1');
  const base = { region, source: 'planner', draw, organ: 'organ-1', day };
  const candidates = ['hall-1', 'hall-2', 'hall-3', 'hall-4'].map((hall, index) => ({ hall, days: index * 3 + 1 }));
  const lot = { level: 'county' as const, count: 2, candidates };
  const chosen = chosenBy(sha256, { seed, draw, ...lot });
  const spare = candidates.map(({ hall }) => hall).filter((hall) => !chosen.includes(hall));
  const commit = () =>
    play.tell({
      ...{ kind: 'draw.committed', id: 'c', ...base, occurredAt: at(-8), commitment: sha256(bytesOf(seed)) },
    });
  const make = (change: object = {}) =>
    play.tell({ kind: 'draw.made', id: 'm', ...base, occurredAt: at(0), lots: [{ ...lot, chosen, ...change }] });
  const publish = (when: number) =>
    play.tell({ kind: 'draw.published', id: `s${when}`, ...base, occurredAt: when, seed });
  const drawn = (hall: string) => plan({ id: `p${hall}`, duty: `${draw}:${hall}`, hall, of: 'drawn', draw });
  const swap = (from: string, to: string, reason = '该大厅今日停电') =>
    play.tell({
      ...{ kind: 'patrol.swapped', id: `w${from}${to}`, ...by, occurredAt: at(8), draw },
      ...{ duty: `${draw}:${from}`, to, reason },
    });

  it('is committed the day before, made on the day, published after it, and then anyone can recompute it', () => {
    commit();
    make();
    expect(publish(at(20)).refused?.field).toBe('day');
    publish(at(24));
    const row = play.draw(draw)!;
    expect(row).toMatchObject({ state: 'published', seed, committedAt: at(-8) });
    expect(faultsOf(sha256, row, startOf(day))).toEqual([]);
    expect(acts()).toEqual(['draw.committed', 'draw.made', 'draw.published']);
  });

  it('cannot be made without a commitment, made or published twice, or name other halls than its candidates', () => {
    expect(make().refused?.field).toBe('draw');
    commit();
    expect(commit().refused?.field).toBe('draw');
    expect(make({ chosen: ['hall-1', 'hall-9'] }).refused?.field).toBe('lots');
    expect(make({ chosen: ['hall-1'] }).refused?.field).toBe('lots');
    expect(make({ chosen: ['hall-1', 'hall-1'] }).refused?.field).toBe('lots');
    expect(make().refused).toBeUndefined();
    expect(make().refused?.field).toBe('draw');
    publish(at(24));
    expect(publish(at(25)).refused?.field).toBe('draw');
  });

  it('gives duties to the halls it chose and to no other', () => {
    commit();
    make();
    expect(drawn(spare[0]!).refused?.field).toBe('hall');
    expect(drawn(chosen[0]!).refused).toBeUndefined();
  });

  it('lets a person replace a hall by another candidate, once each, and keeps who, what and why', () => {
    commit();
    make();
    chosen.forEach(drawn);
    expect(swap(chosen[0]!, chosen[1]!).refused?.field).toBe('hall');
    expect(swap(chosen[0]!, 'hall-9').refused?.field).toBe('hall');
    expect(swap(chosen[0]!, spare[0]!).refused).toBeUndefined();
    expect(swap(chosen[1]!, spare[0]!).refused?.field).toBe('hall');
    // The hall that was given up is free again.
    expect(swap(chosen[1]!, chosen[0]!).refused).toBeUndefined();
    expect(play.duty(`${draw}:${chosen[0]}`)).toMatchObject({ hall: spare[0], drawnHall: chosen[0] });
    expect(play.draw(draw)!.swaps.map(({ from, to, name, reason }) => [from, to, name, reason])).toEqual([
      [chosen[0], spare[0], '李', '该大厅今日停电'],
      [chosen[1], chosen[0], '李', '该大厅今日停电'],
    ]);
    expect(play.ledger.at(-1)).toMatchObject({ act: 'duty.swapped', account: 'li' });
  });

  it('keeps the hours of the hall that is visited instead, which must not be closed for good', () => {
    const world = smallWorld({ pack: packFor(region, { patrol }) });
    const [first, second] = spare.map((id, index) => ({
      ...{ ...world.halls.get('hall-1')!, id, opens: 10 * 60, closes: 16 * 60 + 30 },
      ...(index === 0 ? {} : { closedFrom: day }),
    }));
    play = new Play({ ...world, halls: new Map([first!, second!].map((hall) => [hall.id, hall])) });
    commit();
    make();
    const times = { opensAt: at(9), suggestedAt: [at(11)] };
    plan({ ...times, id: 'p', duty: `${draw}:${chosen[0]}`, hall: chosen[0]!, of: 'drawn', draw });
    expect(swap(chosen[0]!, second!.id).refused?.reason).toBe('the hall is closed on that day');
    expect(swap(chosen[0]!, first!.id).refused).toBeUndefined();
    const row = play.duty(`${draw}:${chosen[0]}`)!;
    expect(row).toMatchObject({ opensAt: at(10), riskAt: at(15, 30), dueAt: at(16, 30), nextTurn: at(15, 30) });
    expect(row).not.toHaveProperty('suggestedAt');
  });

  it('is not changed once the hall was visited, nor where the pack says never', () => {
    commit();
    make();
    chosen.forEach(drawn);
    const duty = `${draw}:${chosen[0]}`;
    play.tell({
      ...{ kind: 'patrol.visitStarted', id: 'b', ...by, occurredAt: at(9), visit: 'v1', duty, hall: chosen[0]! },
      windows: ['w1'],
    });
    expect(swap(chosen[0]!, spare[0]!).refused?.field).toBe('duty');
    play = new Play(smallWorld({ pack: packFor(region, { patrol: { ...patrol, swap: 'never' } }) }));
    commit();
    make();
    chosen.forEach(drawn);
    expect(swap(chosen[0]!, spare[0]!).refused?.reason).toContain('no other hall');
  });

  it('is recomputed by the command line from a file of what was published', async () => {
    commit();
    make();
    publish(at(24));
    const folder = await mkdtemp(join(tmpdir(), 'hallwatch-draw-'));
    const say = vi.spyOn(console, 'log').mockImplementation(() => {});
    try {
      const file = join(folder, 'draws.json');
      const check = async (change: object) => {
        await writeFile(file, JSON.stringify({ day, draws: [{ ...play.draw(draw)!, ...change }] }));
        return verifyDrawCommand(day, { file });
      };
      expect(await check({})).toBe(true);
      expect(await check({ lots: [{ ...lot, chosen: spare }] })).toBe(false);
      expect(say.mock.lastCall?.[0]).toContain(`county: its seed draws ${chosen.join(' ')}`);
      expect(await check({ seed: 'cd'.repeat(32) })).toBe(false);
      expect(await check({ day: '2026-11-19' })).toBe(false);
      await expect(check({ commitment: 'x' })).rejects.toThrow('draws.0.commitment');
      await expect(verifyDrawCommand(day, { file: join(folder, 'none') })).rejects.toThrow('cannot be read');
    } finally {
      say.mockRestore();
      await rm(folder, { recursive: true });
    }
  });
});
