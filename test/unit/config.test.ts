import { describe, expect, it } from 'vitest';
import { readSettings } from '../../hub/config.ts';
import { HubError } from '../../hub/model/error.ts';

const problemsOf = (environment: Record<string, string>): string => {
  try {
    readSettings(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(HubError);
    expect((error as HubError).code).toBe('config.bad');
    return (error as HubError).message;
  }
  return '';
};

describe('settings', () => {
  it('needs none', () => {
    expect(readSettings({})).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      roles: ['ingest', 'record', 'serve', 'stream', 'notify'],
      demo: false,
      demoSpeed: 1,
      logLevel: 'info',
      ffmpeg: 'ffmpeg',
    });
  });

  it('names every bad value at once, and no secret', () => {
    const text = problemsOf({
      PORT: '99999',
      ROLES: 'record,dance',
      LOG_LEVEL: 'loud',
      DEMO: 'perhaps',
      DEMO_SPEED: 'fast',
      NATS_URL: 'http://hub:opensesame@log:4222',
      DATABASE_URL: 'opensesame',
      PUBLIC_ORIGIN: 'https://hall.example.cn/path',
      HALLWATCH_KEY: 'opensesame',
      HALLWATCH_PROT: '80',
    });
    for (const name of [
      'PORT="99999"',
      'ROLES="record,dance"',
      'LOG_LEVEL="loud"',
      'DEMO="perhaps"',
      'DEMO_SPEED="fast"',
      'NATS_URL: expected nats://',
      'DATABASE_URL: expected postgres://',
      'PUBLIC_ORIGIN="https://hall.example.cn/path"',
      'HALLWATCH_KEY: expected 64 hexadecimal digits',
      'HALLWATCH_PROT: no such setting',
    ]) {
      expect(text).toContain(name);
    }
    expect(text).toMatch(/^10 bad settings/);
    expect(text).not.toContain('opensesame');
  });

  it('takes an empty value for none', () => {
    expect(readSettings({ NATS_URL: '', DATABASE_URL: '', DEMO: '' })).not.toHaveProperty('natsUrl');
  });

  it('takes a prefixed name before a plain one', () => {
    expect(readSettings({ PORT: '1', HALLWATCH_PORT: '2' }).port).toBe(2);
  });

  it('shows the demonstration when npm start runs on loopback, and never elsewhere by itself', () => {
    expect(readSettings({ npm_lifecycle_event: 'start' }).demo).toBe(true);
    expect(readSettings({ npm_lifecycle_event: 'start', DEMO: 'false' }).demo).toBe(false);
    expect(readSettings({ npm_lifecycle_event: 'start', HOST: '0.0.0.0' }).demo).toBe(false);
    expect(readSettings({ DEMO: 'true' }).demo).toBe(true);
  });

  it.each(['0.0.0.0', '::', '192.168.1.5', 'hub.example.cn'])(
    'refuses demo accounts on %s and says how to make the first account',
    (host) => {
      expect(problemsOf({ HOST: host, DEMO: 'true' })).toContain('hallwatch account add NAME');
    },
  );

  it.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost'])('allows them on %s', (host) => {
    expect(readSettings({ HOST: host, DEMO: 'true' }).demo).toBe(true);
  });
});
