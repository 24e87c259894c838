import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Onvif, type OnvifQuestion } from '../../stream/onvif.ts';
import {
  answerProbes,
  probeMatch,
  startDevice,
  type Device,
  type DeviceOptions,
  type DeviceProfile,
} from '../support/onvif.ts';

const password = 'ge heim & 密码';
const profiles: DeviceProfile[] = [
  {
    token: 'main',
    source: 'lens',
    encoding: 'H264',
    width: 1920,
    height: 1080,
    fps: 25,
    gov: 50,
    uri: 'rtsp://10.9.9.9:554/ch1/main?unicast=true',
  },
  {
    token: 'sub',
    source: 'lens',
    encoding: 'H264',
    width: 640,
    height: 360,
    fps: 15,
    gov: 30,
    uri: 'rtsp://admin:leak@10.9.9.9:554/ch1/sub',
  },
  {
    token: 'still',
    source: 'lens',
    encoding: 'JPEG',
    width: 704,
    height: 576,
    fps: 5,
    gov: 1,
    uri: 'rtsp://10.9.9.9/jpeg',
  },
];
const onvif = new Onvif({ interfaces: ['lo'], searchMs: 2_000 });
const hasty = new Onvif({ askMs: 1_500 });
const devices: Device[] = [];

async function device(options: DeviceOptions): Promise<{ made: Device; question: OnvifQuestion }> {
  const made = await startDevice({ profiles, ...options });
  devices.push(made);
  const { user = '', password: secret = '' } = options;
  return {
    made,
    question: { host: '127.0.0.1', port: made.port, path: '/onvif/device_service', user, password: secret },
  };
}

afterEach(async () => {
  await Promise.all(devices.splice(0).map((each) => each.stop()));
});
afterAll(() => onvif.stop());

describe('a device says its streams', () => {
  const expected = {
    name: 'Test C-1',
    channels: [
      {
        main: {
          name: 'main',
          address: 'rtsp://127.0.0.1:554/ch1/main?unicast=true',
          codec: 'H.264',
          width: 1920,
          height: 1080,
          fps: 25,
          kbps: 2048,
          keySeconds: 2,
        },
        sub: {
          name: 'sub',
          address: 'rtsp://127.0.0.1:554/ch1/sub',
          codec: 'H.264',
          width: 640,
          height: 360,
          fps: 15,
          kbps: 2048,
          keySeconds: 2,
        },
      },
    ],
  };

  it.each([
    ['HTTP digest', { auth: 'digest' }],
    ['WS-UsernameToken', { auth: 'token' }],
    ['Media2', { media2: true }],
    ['Media2 that it only claims', { media2: 'lies' }],
    ['addresses in another network', { host: '203.0.113.7' }],
  ] as const)('%s', async (_, options) => {
    const { made, question } = await device({ user: 'admin', password, ...options });
    expect(await onvif.ask(question)).toEqual(expected);
    expect(made.heard.length).toBeGreaterThan(4);
    // Neither plain nor in base64: only digests of it travel.
    for (const text of made.heard) {
      expect(text).not.toContain(password);
      expect(text).not.toContain(Buffer.from(password).toString('base64'));
    }
  });
});

describe('what goes wrong is said', () => {
  it.each([
    ['a wrong password by digest', { user: 'admin', password: 'other', auth: 'digest' }, 'onvif.password'],
    ['a wrong password by token', { user: 'admin', password: 'other', auth: 'token' }, 'onvif.password'],
    ['a login page', { ill: 'broken' }, 'onvif.broken'],
    ['answers without what belongs there', { ill: 'odd' }, 'onvif.broken'],
    ['megabytes', { ill: 'huge' }, 'onvif.large'],
  ] as const)('%s', async (_, options, code) => {
    const { question } = await device(options);
    const error = await onvif.ask({ ...question, user: 'admin', password }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code });
    expect(String(error)).not.toContain(password);
  });

  it('no answer, and a byte now and then', async () => {
    const questions = await Promise.all([device({ ill: 'silent' }), device({ ill: 'slow' })]);
    await Promise.all(
      questions.map(({ question }) => expect(hasty.ask(question)).rejects.toMatchObject({ code: 'onvif.silent' })),
    );
  });

  it('nobody there, and nobody outside private networks is asked', async () => {
    const { made, question } = await device({});
    await made.stop();
    await expect(onvif.ask(question)).rejects.toMatchObject({ code: 'onvif.silent' });
    for (const host of ['203.0.113.7', '169.254.169.254', '0.0.0.0', '::ffff:203.0.113.7'])
      await expect(onvif.ask({ ...question, host })).rejects.toMatchObject({ code: 'onvif.outside' });
  });

  it('a name counts by where it leads, and a setting opens other networks', async () => {
    const { question } = await device({});
    expect((await onvif.ask({ ...question, host: 'localhost' })).channels).toHaveLength(1);
    const wide = new Onvif({ networks: ['192.0.2.0/24'], askMs: 1_000 });
    await expect(wide.ask({ ...question, host: '192.0.2.1' })).rejects.toMatchObject({ code: 'onvif.silent' });
  });
});

describe('the search', () => {
  it('finds each device once, whatever else answers', async () => {
    const scopes = 'onvif://www.onvif.org/name/%E7%AA%97%E5%8F%A37 onvif://www.onvif.org/hardware/C-1';
    const answers = await answerProbes([
      'no xml at all',
      '<Envelope><Body><ProbeMatches/></Body></Envelope>',
      probeMatch('', ''),
      probeMatch('http://203.0.113.7/onvif/device_service', ''),
      probeMatch('http://10.9.9.9/onvif/device_service http://127.0.0.1:8123/onvif/device_service', scopes),
      probeMatch('http://192.168.7.20/onvif/device_service', '%E0%A4%A'),
    ]);
    try {
      const [one, other] = await Promise.all([onvif.discover(), onvif.discover()]);
      // Other tests on this machine may have devices as well.
      const own = one.filter(({ port, host }) => port === 8123 || host !== '127.0.0.1');
      expect(own).toEqual([
        { host: '127.0.0.1', port: 8123, path: '/onvif/device_service', name: '窗口7', hardware: 'C-1' },
        { host: '192.168.7.20', port: 80, path: '/onvif/device_service' },
      ]);
      expect(other).toBe(one);
      // Asked twice by one search.
      expect(answers.probes()).toBeGreaterThanOrEqual(2);
    } finally {
      answers.stop();
    }
  });

  it('takes so many answers and no more', async () => {
    const answers = await answerProbes(
      Array.from({ length: 400 }, (_, index) => probeMatch(`http://10.1.${index >> 8}.${index & 255}/`, '')),
    );
    try {
      const { length } = await onvif.discover();
      expect(length).toBeGreaterThan(20);
      expect(length).toBeLessThanOrEqual(256);
    } finally {
      answers.stop();
    }
  });

  it('is off where no interface is set', async () => {
    await expect(new Onvif().discover()).rejects.toMatchObject({ code: 'onvif.off' });
  });
});
