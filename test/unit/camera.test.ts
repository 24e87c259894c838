import { describe, expect, it } from 'vitest';
import { cameraChange, cameraInput, shownAddress, sourceOf } from '../../hub/model/camera.ts';
import type { CameraState, Event } from '../../hub/model/event.ts';
import type { World } from '../../hub/model/world.ts';
import { together } from '../../stream/cameras.ts';
import { Play } from '../support/play.ts';
import { smallWorld } from '../support/world.ts';

describe('an address', () => {
  it.each([
    ['rtsp://u:p@10.0.0.7/a?x=1', 'rtsp', 'rtsp://10.0.0.7/a'],
    ['rtsps://10.0.0.7:322/a', 'rtsp', 'rtsps://10.0.0.7:322/a'],
    ['rtsp://u:p@ss@10.0.0.7/a', 'rtsp', 'rtsp://10.0.0.7/a'],
    ['http://u:p@h:8080/x/live.M3U8?token=t#f', 'hls', 'http://h:8080/x/live.M3U8'],
    ['https://h/live.flv', 'flv', 'https://h/live.flv'],
    ['push:', 'push', 'push:'],
    ['file:/films/a.mp4', 'file', 'file:/films/a.mp4'],
  ])('%s is %s, shown as %s', (address, kind, shown) => {
    expect([sourceOf(address), shownAddress(address)]).toEqual([kind, shown]);
  });

  it.each([
    '',
    'rtsp://',
    'http://h/live.mp4',
    'http://h/?a.flv',
    'push:x',
    'rtmp://h/a',
    'rtsp://h/a b',
    "rtsp://h/a'\nx",
  ])('%j is none', (address) => {
    expect(sourceOf(address)).toEqual({ reason: expect.any(String) });
  });

  it('stands in a record with defaults for what is not said, and a change holds only what changes', () => {
    const input = cameraInput.parse({ id: 'cam-1', hall: 'h', name: '点位', address: 'rtsp://h/a' });
    expect(input).toMatchObject({ window: null, subAddress: null, transport: 'tcp', audio: false, audioReason: null });
    expect(cameraChange.parse({ window: null })).toEqual({ window: null });
  });
});

describe('a camera with several streams', () => {
  it.each<[CameraState[], CameraState]>([
    [['idle', 'live'], 'live'],
    [['starting', 'live'], 'live'],
    [['offline', 'live'], 'live'],
    [['stalled', 'starting'], 'stalled'],
    [['offline', 'idle'], 'offline'],
    [['live', 'covered'], 'covered'],
    [['frozen', 'offline'], 'frozen'],
    [['idle', 'idle'], 'idle'],
  ])('%j is %s', (states, state) => {
    expect(together(states.map((each) => ({ state: each })))?.state).toBe(state);
  });
});

describe('a camera that a person switches', () => {
  const at = Date.UTC(2026, 10, 20, 2);
  let count = 0;
  const changed = (state: CameraState, second: number, more: object = {}): Event => ({
    kind: 'camera.changed',
    id: `c${(count += 1)}`,
    region: '510104',
    source: 'test',
    occurredAt: at + second * 1_000,
    camera: 'c1',
    hall: 'hall-1',
    state,
    ...more,
  });
  const person = { account: 'ops', name: '周运维', detail: '检修', title: '3号窗口' };

  it('stays off, whatever its pictures say, until it is switched on; the ledger has both', () => {
    const play = new Play(smallWorld());
    play.tell(changed('live', 0, { codec: 'H.265' }));
    expect(play.tell(changed('disabled', 10, person)).refused).toBeUndefined();
    for (const state of ['live', 'idle', 'stalled'] as const)
      expect(play.tell(changed(state, 11)).refused).toMatchObject({ field: 'state' });
    expect(play.camera('c1')).toMatchObject({ state: 'disabled', detail: '检修', name: '周运维', since: at + 10_000 });
    expect(play.tell(changed('disabled', 12, person)).refused).toMatchObject({ field: 'state' });
    expect(play.tell(changed('idle', 20, person)).refused).toBeUndefined();
    expect(play.camera('c1')).toMatchObject({ state: 'idle', codec: 'H.265' });
    expect(play.camera('c1')).not.toHaveProperty('name');
    expect(play.tell(changed('live', 21)).refused).toBeUndefined();
    expect(play.ledger.map(({ act, account, facts }) => [act, account, facts])).toEqual([
      ['camera.disabled', 'ops', { name: '3号窗口', reason: '检修' }],
      ['camera.enabled', 'ops', { name: '3号窗口', reason: '检修' }],
    ]);
  });

  it('is called in the ledger what it was called when it was switched, whatever it is called later', () => {
    const named = (name: string): World => {
      const world = smallWorld();
      return { ...world, cameras: new Map([['c1', { id: 'c1', hall: 'hall-1', name, enabled: true }]]) };
    };
    const ledgers = ['3号窗口', '改名之后'].map((name) => {
      const play = new Play(named(name));
      play.tell({ ...changed('disabled', 10, person), id: 'off' });
      return play.ledger;
    });
    expect(ledgers[1]).toEqual(ledgers[0]);
  });

  it('can only be off or on by a person, and a clock that is behind does not undo it', () => {
    const play = new Play(smallWorld());
    play.tell(changed('live', 100));
    expect(play.tell(changed('frozen', 110, person)).refused).toMatchObject({ field: 'state' });
    play.tell(changed('disabled', 50, person));
    expect(play.camera('c1')).toMatchObject({ state: 'disabled', since: at + 100_000 });
  });
});
