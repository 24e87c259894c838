import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../hub/config.ts';
import type { Message } from '../../hub/notify/channel.ts';
import { webhook } from '../../hub/notify/webhook.ts';
import { readContacts, writeContacts } from '../../hub/platform/contacts.ts';

const places = {
  regions: new Set(['510104']),
  departments: new Map([['d1', {}]]),
  organs: new Map([['o1', {}]]),
  halls: new Map([['h1', {}]]),
};
const read = (text: string) => readContacts(Buffer.from(text), places);
const head = '编号,区划,部门,机构,角色,姓名,手机,电子信箱';

describe('contacts as a file (XY-31, XY-32)', () => {
  it('go out and come in again, in UTF-8 and in GB18030', () => {
    const text = `${head}\nc1,510104,d1,,联络人,王敏,139-0000-0702,wang@example.cn\nc2,510104,,o1,head,"=何,志强",,\n`;
    const { contacts, faults } = read(text);
    expect(faults).toEqual([]);
    expect(contacts).toMatchObject([
      { id: 'c1', department: 'd1', role: 'liaison', name: '王敏', mobile: '139-0000-0702' },
      { id: 'c2', organ: 'o1', role: 'head', name: '=何,志强' },
    ]);
    expect(readContacts(iconv.encode(text, 'gb18030'), places).contacts).toEqual(contacts);
    const written = writeContacts(contacts);
    expect(written).toContain(`"'=何,志强"`);
    expect(read(written).contacts).toEqual(contacts);
  });

  it('are refused cell by cell', () => {
    const rows = ['c1,510104,d9,,主任,王敏,abc,wang', 'c2,510105,d1,,联络人,李华,,', 'c2,510104,d1,o1,联络人,,,'];
    expect(read([head, ...rows].join('\n')).faults.map(({ row, column }) => `${row} ${column}`)).toEqual([
      '2 角色',
      '2 手机',
      '2 电子信箱',
      '3 区划',
      '4 姓名',
    ]);
    expect(read(`${head}\nc1,510104,d9,,联络人,王敏,,`).faults).toEqual([
      { row: 2, column: '部门', reason: 'no department d9' },
    ]);
    expect(read('编号,名字\n').faults.map(({ column }) => column)).toEqual(['名字', '区划', '角色', '姓名']);
  });
});

describe('the address of a contact’s webhook', () => {
  it.each([
    'http://169.254.169.254/latest',
    'http://[fe80::1]/',
    'http://0.0.0.0:4222/',
    'http://[::ffff:169.254.1.1]/',
  ])('%s is asked by nobody', async (address) => {
    const { send } = webhook({ secret: '0123456789abcdef' });
    const asked = send(address, {} as Message, AbortSignal.timeout(1_000));
    await expect(asked).rejects.toMatchObject({ isFinal: true, message: /none at which notices are received/ });
  });
});

describe('the settings of the channels', () => {
  const bad = (environment: Record<string, string>): string => {
    try {
      readSettings(environment);
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };

  it('are read together', () => {
    expect(
      readSettings({
        SMTP_URL: 'smtp://hub:pass@mail:25',
        SMTP_FROM: 'hub@example.cn',
        WEBHOOK_SECRET: '0123456789abcdef',
        SMS_URL: 'https://sms.example.cn/send',
        SMS_BODY: '{"to":"{mobile}","text":"{text}"}',
        SMS_HEADERS: '{"Content-Type":"application/json"}',
      }).notify,
    ).toEqual({
      smtp: { url: 'smtp://hub:pass@mail:25', from: 'hub@example.cn' },
      webhook: { secret: '0123456789abcdef' },
      sms: {
        url: 'https://sms.example.cn/send',
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: '{"to":"{mobile}","text":"{text}"}',
        charset: 'utf8',
      },
    });
    expect(readSettings({})).not.toHaveProperty('notify');
  });

  it('are refused in one error that holds no secret', () => {
    const text = bad({
      SMTP_URL: 'http://opensesame',
      WEBHOOK_URL: 'https://x.example.cn/?token=opensesame',
      SMS_URL: 'https://sms.example.cn/opensesame',
      SMS_HEADERS: 'opensesame',
      SMS_CHARSET: 'big5',
      WEBHOOK_SECRET: 'opensesame',
    });
    for (const name of [
      'SMTP_URL',
      'SMTP_FROM',
      'SMS_URL: expected {mobile}',
      'SMS_HEADERS',
      'SMS_CHARSET',
      'WEBHOOK_SECRET',
    ])
      expect(text).toContain(name);
    expect(text).not.toContain('opensesame');
    expect(bad({ WEBHOOK_URL: 'https://x.example.cn/' })).toContain('WEBHOOK_SECRET');
    expect(bad({ SMS_METHOD: 'POST' })).toContain('SMS_URL beside it');
  });
});
