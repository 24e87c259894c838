import { describe, expect, it } from 'vitest';
import { pull, still } from '../../stream/args.ts';
import { backOff } from '../../stream/camera.ts';
import { reasonOf } from '../../stream/ffmpeg.ts';

describe('what ffmpeg is told', () => {
  it.each([
    ['rtsp://admin:p%40ss@10.0.0.7:554/stream1', 'tcp', "file 'rtsp://admin:p%40ss@10.0.0.7:554/stream1'"],
    ['rtsp://10.0.0.7/a?transport=udp', 'udp', "file 'rtsp://10.0.0.7/a'"],
    ['rtsp://10.0.0.7/a?channel=1&transport=udp&subtype=0', 'udp', "file 'rtsp://10.0.0.7/a?channel=1&subtype=0'"],
    ['rtsp://10.0.0.7/a?transport=tcp&subtype=0', 'tcp', "file 'rtsp://10.0.0.7/a?subtype=0'"],
    ["rtsp://u:it's@10.0.0.7/a", 'tcp', "file 'rtsp://u:it'\\''s@10.0.0.7/a'"],
    ['rtsps://10.0.0.7:322/a', 'tcp', "file 'rtsps://10.0.0.7:322/a'"],
  ])('%s: over %s, the address in the list only', (address, transport, line) => {
    const command = pull(address);
    expect(command.input).toBeUndefined();
    expect(command.list!.split('\n')).toContain(line);
    expect(command.list).toContain(`option rtsp_transport ${transport}\n`);
    expect([...command.inputOptions, ...command.outputOptions].join(' ')).not.toMatch(/:\/\/|10\.0\.0\.7/);
  });

  it.each([
    ['http://admin:p%40ss@10.0.0.7/hall/live.m3u8?token=1', true],
    ['https://10.0.0.7/hall/live.m3u8', true],
    ['http://admin:p%40ss@10.0.0.7:8080/hall/live.flv', false],
  ])('%s: the address in the list only, nothing but HTTP behind it', (address, inRealTime) => {
    const command = pull(address);
    expect(command.list!.split('\n')).toContain(`file '${address}'`);
    expect(command.list).toMatch(/^option rw_timeout \d+$/m);
    // What a playlist names is opened by these alone: no file, no pipe of this machine.
    const inside = /^option protocol_whitelist (.*)$/m.exec(command.list!)![1]!.split(',');
    expect(inside.filter((each) => !['http', 'https', 'tcp', 'tls', 'crypto'].includes(each))).toEqual([]);
    expect(command.inputOptions.includes('-re')).toBe(inRealTime);
    expect([...command.inputOptions, ...command.outputOptions].join(' ')).not.toMatch(/:\/\/|10\.0\.0\.7/);
  });

  it('loops a file in real time', () => {
    const command = pull('file:/films/window%2001.mp4');
    expect(command.input).toBe('/films/window 01.mp4');
    expect(command.inputOptions.join(' ')).toContain('-re -stream_loop -1');
    expect(pull('file:///films/a.mp4').input).toBe('/films/a.mp4');
  });

  it.each([
    ['http://10.0.0.7/secret'],
    ['http://10.0.0.7/a.mp4?secret.flv'],
    ['ftp://10.0.0.7/secret.m3u8'],
    ['push:'],
    ['/etc/passwd'],
    ['rtsp://'],
    ['concat:/secret'],
    ["rtsp://u:secret@h/a'\nfile '/etc/passwd"],
    ['rtsp://u:secret@h/a b'],
    [''],
  ])('refuses %j, without repeating it', (address) => {
    expect(() => pull(address)).toThrowError(expect.objectContaining({ code: 'camera.address' }));
    expect(() => pull(address)).not.toThrowError(/secret|passwd/);
  });

  it('decodes one picture to a JPEG no wider than asked', () => {
    expect(still(1280).outputOptions.join(' ')).toContain("scale=w='min(1280,iw)':h=-2");
  });
});

describe('why ffmpeg ended, for people', () => {
  it.each([
    [
      [
        '[rtsp @ 0x55] method DESCRIBE failed: 401 Unauthorized',
        "[concat @ 0x5] Impossible to open 'rtsp://a:b@c/d'",
        'pipe:0: Server returned 401',
      ],
      'method DESCRIBE failed: 401 Unauthorized',
    ],
    [
      ['[tcp @ 0x5] Connection to tcp://10.0.0.7:554?timeout=5 failed: Connection refused'],
      'Connection to [address] failed: Connection refused',
    ],
    [
      ["[concat @ 0x5] Impossible to open 'rtsp://a:it's@c/d'", 'pipe:0: Invalid data found when processing input'],
      'it does not answer as a camera, or sends no picture',
    ],
    [["odd 'rtsp://a:se'cret@c/d' end"], "odd '[address] end"],
    [[], 'ended by SIGKILL'],
  ])('%j', (lines, reason) => {
    expect(reasonOf(lines, 'ended by SIGKILL')).toBe(reason);
  });
});

describe('the back-off', () => {
  it('is short after a good run, doubles to ten seconds, and spreads by a quarter', () => {
    expect([0, 1, 2, 3, 6, 50].map((failures) => backOff(failures, 'password', 0.5))).toEqual([
      200, 500, 1000, 2000, 10_000, 10_000,
    ]);
    expect([backOff(4, 'password', 0), backOff(4, 'password', 1)]).toEqual([3000, 5000]);
  });

  it('leaves time to be live within five seconds where another attempt costs nothing, or a process and not for long', () => {
    for (const cost of ['nothing', 'process'] as const) {
      expect([0, 1, 2, 3, 4, 100].map((failures) => backOff(failures, cost, 0.5))).toEqual([
        200, 500, 1000, 2000, 2500, 2500,
      ]);
      expect(backOff(100, cost, 1)).toBeLessThan(3500);
    }
    expect([backOff(101, 'nothing', 0.5), backOff(101, 'process', 0.5)]).toEqual([2500, 10_000]);
  });
});
