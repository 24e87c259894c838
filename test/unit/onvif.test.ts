import { describe, expect, it, test } from 'vitest';
import type { CameraLine } from '../../hub/model/cameraApi.ts';
import { cameraDescribed, decideDescribed } from '../../hub/model/cameraEvents.ts';
import { shownAddress } from '../../hub/model/camera.ts';
import { isNetwork, reaching } from '../../hub/platform/address.ts';
import { userIn, withAccount } from '../../hub/serve/cameraAddress.ts';
import { paceOf } from '../../stream/check.ts';
import { addressOf, channelsOf, foundOf, profileOf } from '../../stream/onvifProfiles.ts';
import { cameraWords } from '../../web/lib/cameraWords.ts';

const encoder = (width: number, height: number, encoding = 'H264'): object => ({
  encoding,
  resolution: { width, height },
  rateControl: { frameRateLimit: 25, bitrateLimit: 4096 },
  H264: { govLength: 50 },
});
const profile = (token: string, width: number, height: number, encoding?: string, source = 'lens'): unknown => ({
  $: { token },
  name: token,
  videoSourceConfiguration: { sourceToken: source },
  videoEncoderConfiguration: encoder(width, height, encoding),
});

describe('what devices say of their streams', () => {
  it('is read where it has the shape, of Media and of Media2', () => {
    expect(profileOf(profile('a', 1920, 1080))).toMatchObject({ codec: 'H.264', fps: 25, kbps: 4096, keySeconds: 2 });
    const second = { ...encoder(640, 360, 'H265'), H264: undefined, $: { GovLength: '25' } };
    expect(profileOf({ $: { token: 'b' }, videoEncoderConfiguration: second })).toMatchObject({
      ...{ name: 'b', codec: 'H.265', keySeconds: 1, source: '' },
    });
  });

  it.each([
    ['nothing', undefined],
    ['a text', 'profile'],
    ['sound only', { $: { token: 'a' }, audioEncoderConfiguration: {} }],
    ['no size', { $: { token: 'a' }, videoEncoderConfiguration: { encoding: 'H264' } }],
    ['a size that no lens has', profile('a', 1e9, 1080)],
    ['no token', { videoEncoderConfiguration: encoder(640, 360) }],
    ['what is inherited', Object.create({ $: { token: 'a' }, videoEncoderConfiguration: encoder(1, 1) })],
  ])('%s is no profile', (_, value) => expect(profileOf(value)).toBeUndefined());

  it('gives each lens a main stream and the smallest that still shows somebody', () => {
    const streams = [
      profile('big', 2560, 1440, 'H265'),
      profile('same', 2560, 1440),
      profile('small', 640, 360),
      profile('tiny', 176, 144),
      profile('jpeg', 704, 576, 'JPEG'),
      profile('other', 1280, 720, 'H264', 'second lens'),
    ].map((each) => ({ ...profileOf(each)!, address: 'rtsp://10.0.0.1/' }));
    const names = channelsOf(streams).map(({ main, sub }) => [main.name, sub?.name]);
    expect(names).toEqual([
      ['same', 'small'],
      ['other', undefined],
    ]);
  });

  it.each([
    ['rtsp://10.9.9.9:8554/a?b=c', 'rtsp://192.168.1.7:8554/a?b=c'],
    ['rtsp://admin:secret@0.0.0.0/a', 'rtsp://192.168.1.7/a'],
    ['http://192.168.1.7/video', undefined],
    ['rtsp://', undefined],
    [7, undefined],
  ])('%s leads to the device that was asked', (uri, expected) => expect(addressOf(uri, '192.168.1.7')).toBe(expected));

  it('a search is answered with an address, whatever else is said', () => {
    expect(
      foundOf(
        {
          XAddrs: 'junk https://10.0.0.1/x http://10.0.0.2:8000/onvif',
          scopes: { _: 'onvif://www.onvif.org/name/A%20b' },
        },
        '10.0.0.9',
      ),
    ).toEqual({ host: '10.0.0.2', port: 8000, path: '/onvif', name: 'A b' });
    expect(foundOf({ XAddrs: ['http://10.0.0.1/'] }, '10.0.0.1')).toBeUndefined();
    expect(foundOf(undefined, '10.0.0.1')).toBeUndefined();
  });
});

describe('where cameras may be asked', () => {
  test.each([
    ['10.1.2.3', true],
    ['192.168.0.1', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['fd00::1', true],
    ['172.32.0.1', false],
    ['169.254.169.254', false],
    ['::ffff:8.8.8.8', false],
    ['0.0.0.0', false],
    ['camera.example', false],
  ])('%s: %s', (address, expected) => expect(reaching()(address)).toBe(expected));

  it('a setting opens other networks', () => {
    expect(reaching(['203.0.113.0/24'])('203.0.113.9')).toBe(true);
    expect(['203.0.113.0/24', '2001:db8::/32', '203.0.113.1'].map(isNetwork)).toEqual([true, true, true]);
    expect(['203.0.113.0/33', 'camera', '1.2.3.4/', '1.2.3.4/8/8', ''].map(isNetwork)).toEqual(Array(5).fill(false));
  });
});

describe('addresses', () => {
  test.each([
    ['rtsp://h/a', 'u', 'p:@/ü', 'rtsp://u:p%3A%40%2F%C3%BC@h/a'],
    ['rtsp://old:word@h:554/a@b', undefined, 'new', 'rtsp://old:new@h:554/a@b'],
    ['rtsp://old:word@h/a', 'u', '', 'rtsp://u@h/a'],
    ['http://h/a.flv?x=1', undefined, undefined, 'http://h/a.flv?x=1'],
  ])('%s with an account', (address, user, password, expected) =>
    expect(withAccount(address, user, password)).toBe(expected),
  );

  it('are shown without what they keep secret', () => {
    expect(userIn('rtsp://%E5%BC%A0:x@h/')).toBe('张');
    expect(userIn('rtsp://h/a@b')).toBeUndefined();
    expect(shownAddress('rtsp://u:p@h:554/a?user=u&password=p')).toBe('rtsp://h:554/a');
    expect(shownAddress('rtsp://h/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp')).not.toContain('tlJwpbo6');
  });
});

it('key pictures are counted in pictures, however fast the first ones came', () => {
  const moof = Buffer.from([0, 0, 0, 8, ...Buffer.from('moof')]);
  const part = (pictures: number, independent: boolean, duration: number) => ({
    ...{ name: '', at: 0, independent, duration },
    bytes: Buffer.concat(Array.from({ length: pictures }, () => moof)),
  });
  expect(paceOf([part(10, true, 0.5), part(10, false, 0.5), part(20, true, 1)])).toMatchObject({
    fps: 20,
    keySeconds: 1,
  });
  expect(paceOf([part(5, true, 0.5)])).not.toHaveProperty('keySeconds');
});

it('what an administrator does to a camera is an entry of the ledger', () => {
  const event = cameraDescribed.parse({
    ...{ kind: 'camera.described', id: 'e1', region: '510104', occurredAt: 1_800_000_000_000 },
    ...{
      account: 'a',
      name: '甲',
      camera: 'c1',
      hall: 'h1',
      window: 'w1',
      title: '7号',
      act: 'changed',
      fields: ['address'],
    },
  });
  expect(decideDescribed({ ...event, receivedAt: 5 })).toEqual({
    puts: [],
    ledger: [
      {
        ...{ region: '510104', at: 5, act: 'camera.changed', subject: 'c1', hall: 'h1', account: 'a' },
        facts: { name: '7号', window: 'w1', fields: 'address' },
      },
    ],
  });
});

it('every text of the page has both languages with the same blanks', () => {
  const blanks = (text: string): string[] => [...text.matchAll(/\{(\w+)[|}]/g)].map((match) => match[1]!).sort();
  for (const [key, [zh, en]] of Object.entries(cameraWords)) {
    expect(blanks(en), key).toEqual(blanks(zh));
    expect(zh.length * en.length, key).toBeGreaterThan(0);
  }
  const kinds: CameraLine['kind'][] = ['rtsp', 'hls', 'flv', 'file', 'push'];
  expect(kinds.every((kind) => `kind.${kind}` in cameraWords)).toBe(true);
});
