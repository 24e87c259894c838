import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { LiveItem } from '../../hub/model/live.ts';
import { checkPassword, hashPassword } from '../../hub/platform/password.ts';
import { clickId, commandId } from '../../hub/serve/commands.ts';
import { fileWriter, readableOf } from '../../hub/serve/exports.ts';
import { Download } from '../../hub/serve/gate.ts';
import { Limiter } from '../../hub/serve/limiter.ts';
import { isInScope } from '../../hub/serve/rooms.ts';

describe('the limiter', () => {
  it('lets a burst through, then one each refill, and tells how long to wait', () => {
    const limiter = new Limiter(3, 1_000);
    expect([0, 0, 0].map(() => limiter.take('a', 0))).toEqual([0, 0, 0]);
    expect(limiter.take('a', 0)).toBe(1_000);
    expect(limiter.take('b', 0)).toBe(0);
    expect(limiter.take('a', 400)).toBe(600);
    expect(limiter.take('a', 1_000)).toBe(0);
    expect(limiter.take('a', 1_000)).toBe(1_000);
    limiter.clear('a');
    expect(limiter.take('a', 1_000)).toBe(0);
  });

  it('goes on limiting when it is flooded with keys, and stays small', () => {
    const limiter = new Limiter(1, 60_000);
    for (let index = 0; index < Limiter.mostKeys + 5_000; index += 1) limiter.take(`key-${index}`, index / 1_000);
    const last = `key-${Limiter.mostKeys + 4_999}`;
    expect(limiter.take(last, 30)).toBeGreaterThan(0);
    expect(limiter.size).toBeLessThanOrEqual(Limiter.mostKeys);
  });
});

describe('files', () => {
  async function* lines(): AsyncGenerator<string> {
    for (let count = 0; count < 100; count += 1) yield await Promise.resolve('x'.repeat(10_000));
  }

  it('end when nobody reads on: those that nobody began to read, and those that somebody left', async () => {
    const begun = readableOf(lines(), 30).once('readable', () => {});
    await Promise.all([once(begun, 'close'), once(readableOf(lines(), 30), 'close')]);
    expect(begun.readableEnded).toBe(false);
    let length = 0;
    for await (const chunk of readableOf(lines())) length += String(chunk).length;
    expect(length).toBe(1_000_000);
  });

  it('are written one at a time, and one that ended makes room', async () => {
    const write = fileWriter();
    async function* rows() {
      yield await Promise.resolve([['1']]);
    }
    const file = async () => write('csv', { name: 'cases', heads: ['a'], rows: rows() }, 0);
    const first = await file();
    expect(await file()).toMatchObject({ problem: { status: 503 } });
    if (!(first instanceof Download) || Buffer.isBuffer(first.body)) throw new Error('no file');
    await once(first.body.destroy(), 'close');
    expect(await file()).toBeInstanceOf(Download);
  });
});

describe('passwords', () => {
  it('are argon2id with 64 MiB and 3 passes, each with a salt of its own', async () => {
    const [one, two] = await Promise.all([hashPassword('密码 123'), hashPassword('密码 123')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=65536,t=3,p=1\$/);
    expect(one).not.toBe(two);
    expect(await checkPassword('密码 123', one)).toBe(true);
    expect(await checkPassword('密码 124', one)).toBe(false);
    expect(await checkPassword('密码 123', undefined)).toBe(false);
    expect(await checkPassword('nobody has this password', undefined)).toBe(false);
    expect(await checkPassword('x', 'not a hash')).toBe(false);
    expect(await checkPassword('x'.repeat(257), one)).toBe(false);
  });

  it('typed in another Unicode form are the same', async () => {
    expect(await checkPassword('cafe\u0301', await hashPassword('caf\u00e9'))).toBe(true);
  });
});

describe('the id of a command', () => {
  const asking = (account: string, key?: string) =>
    ({ who: { account }, ...(key === undefined ? {} : { key }) }) as Parameters<typeof commandId>[0];
  it('is the same for the same account, act and key, and for nothing else', () => {
    const ids = [
      commandId(asking('li', 'k'), 'finish v1', ''),
      commandId(asking('li', 'k'), 'finish v2', ''),
      commandId(asking('zhao', 'k'), 'finish v1', ''),
      commandId(asking('li', 'j'), 'finish v1', ''),
      commandId(asking('li'), 'finish v1', ''),
      commandId(asking('li'), 'finish v1', 'k'),
    ];
    expect(new Set(ids).size).toBe(ids.length);
    expect(commandId(asking('li', 'k'), 'finish v1', 'ignored')).toBe(ids[0]);
    expect(commandId(asking('li'), 'finish v1', '')).toBe(ids[4]);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{40}$/);
  });

  it('is that of the first click for two seconds, whenever that was; a key is a click of its own', () => {
    const at = (now: number, key?: string, account = 'li') =>
      clickId({ ...asking(account, key), now }, 'hold', { a: 1 });
    const first = at(1_999);
    expect([at(2_000), at(3_998), at(3_999), at(3_999, 'k'), at(9_000, 'k'), at(3_999, undefined, 'zhao')]).toEqual([
      first,
      first,
      expect.not.stringMatching(first),
      at(1, 'k'),
      at(1, 'k'),
      expect.not.stringMatching(first),
    ]);
  });
});

describe('what a hall hears', () => {
  const item = (state: string, hall = 'hall-1') =>
    ({ topic: 'signal', region: '510104', position: 1, body: { hall, state } }) as unknown as LiveItem;
  it.each([
    ['an issued signal of its own', item('issued'), true],
    ['a draft', item('draft'), false],
    ['a draft that was dropped', item('dropped'), false],
    ['an issued signal of another hall', item('issued', 'hall-2'), false],
  ])('%s', (_, given, heard) => {
    expect(isInScope({ prefix: '510104', hall: 'hall-1' }, given)).toBe(heard);
  });
  it('while the inspectors of the region hear of drafts', () => {
    expect(isInScope({ prefix: '5101' }, item('draft'))).toBe(true);
  });
});
