import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HubError } from '../../hub/model/error.ts';
import { readAddress, setting } from '../../stream/rtsp/address.ts';
import { Credentials, readChallenges } from '../../stream/rtsp/auth.ts';
import { Reader, type Message } from '../../stream/rtsp/message.ts';
import { Reorder } from '../../stream/rtsp/reorder.ts';
import { readPacket, readReports, writeReport, type Packet } from '../../stream/rtsp/rtp.ts';
import { readDescription } from '../../stream/rtsp/sdp.ts';
import { senderReport } from '../support/camera/rtp.ts';

describe('the address of a camera', () => {
  it.each([
    ['rtsp://10.0.0.7/a', { host: '10.0.0.7', port: 554, tls: false, user: undefined, uri: 'rtsp://10.0.0.7/a' }],
    ['rtsps://cam.local/a?b=1', { host: 'cam.local', port: 322, tls: true, uri: 'rtsps://cam.local/a?b=1' }],
    ['rtsp://u:p%40s:s@h:8554/x', { user: 'u', password: 'p@s:s', port: 8554, uri: 'rtsp://h:8554/x' }],
    ['rtsp://u:p@ss@h/x@y', { user: 'u', password: 'p@ss', host: 'h', uri: 'rtsp://h/x@y' }],
    ['rtsp://u:100%@h', { user: 'u', password: '100%', uri: 'rtsp://h' }],
    ['rtsp://u@[::1]:554/x', { user: 'u', password: '', host: '::1', uri: 'rtsp://[::1]:554/x' }],
    ['rtsp://h/a?c=1&transport=udp&s=0', { transport: 'udp', uri: 'rtsp://h/a?c=1&s=0' }],
    ['rtsp://h/a?transport=tcp', { transport: 'tcp', uri: 'rtsp://h/a' }],
  ])('%s', (address, expected) => expect(readAddress(address)).toMatchObject(expected));

  it.each([
    'rtsp://',
    'http://h/secret',
    'rtsp://u:secret@/x',
    'rtsp://u:secret@h:0/',
    'rtsp://u:secret@h:99999/',
    'rtsp://secret:x:1/',
    'rtsp://h/se cret\r\nX: y',
  ])('refuses %j without repeating it', (address) => {
    expect(() => readAddress(address)).toThrowError(expect.objectContaining({ code: 'camera.address' }));
    expect(() => readAddress(address)).not.toThrowError(/secret/);
  });

  it('keeps what is the hub’s own apart', () => {
    expect(setting('rtsp://h/a?via=ffmpeg&b=1', 'via')).toEqual({ value: 'ffmpeg', rest: 'rtsp://h/a?b=1' });
    expect(setting('rtsp://h/a?advia=1', 'via')).toEqual({ value: undefined, rest: 'rtsp://h/a?advia=1' });
  });
});

describe('what a camera sends on its connection', () => {
  const response =
    'RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-length: 5\r\nWWW-Authenticate: A\r\nwww-authenticate: B\r\n\r\nhello';
  const framed = (channel: number, text: string): Buffer =>
    Buffer.concat([Buffer.from([0x24, channel, 0, text.length]), Buffer.from(text)]);
  const all = Buffer.concat([
    framed(0, 'one'),
    Buffer.from(response),
    framed(9, ''),
    Buffer.from('\r\nOPTIONS rtsp://h/ RTSP/1.0\r\nCSeq: 1\r\n\r\n'),
    framed(1, '$RTSP/1.0\r\n\r\n'),
  ]);
  const plain = (messages: Message[]): unknown[] =>
    messages.map((each) =>
      each.kind === 'packet'
        ? [each.channel, each.bytes.toString()]
        : each.kind === 'request'
          ? [each.method, each.headers.get('cseq')]
          : [each.status, each.headers.get('www-authenticate'), each.body.toString()],
    );
  const expected = [
    [0, 'one'],
    [200, ['A', 'B'], 'hello'],
    [9, ''],
    ['OPTIONS', ['1']],
    [1, '$RTSP/1.0\r\n\r\n'],
  ];

  it('is read the same however the network cuts it', () => {
    expect(plain(new Reader().push(all))).toEqual(expected);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: all.length })), (cuts) => {
        const reader = new Reader();
        const marks = [0, ...cuts.sort((a, b) => a - b), all.length];
        const found = marks.slice(1).flatMap((to, index) => reader.push(Buffer.from(all.subarray(marks[index]!, to))));
        expect(plain(found)).toEqual(expected);
      }),
    );
  });

  it.each([
    ['HTTP/1.1 200 OK\r\n\r\n'],
    ['\0\0\0\0'],
    [`RTSP/1.0 200 OK\r\nX: ${'x'.repeat(20_000)}`],
    ['RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n'],
    ['RTSP/1.0 200 OK\r\nContent-Length: -4\r\n\r\n'],
    ['GET / HTTP/1.1\r\n\r\n'],
  ])('is refused: %.40j', (text) => {
    expect(() => new Reader().push(Buffer.from(text))).toThrowError(expect.objectContaining({ code: 'camera.rtsp' }));
  });

  it('is read or refused, whatever the bytes', () => {
    const chunk = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc
        .constantFrom('RTSP/1.0 200 OK\r\n', 'Content-Length: 3\r\n', '\r\n', '$\0\0\x02', 'abc')
        .map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 20 }), (chunks) => {
        const reader = new Reader();
        try {
          for (const each of chunks) reader.push(Buffer.from(each));
        } catch (error) {
          expect(error).toBeInstanceOf(HubError);
        }
      }),
    );
  });
});

describe('the password', () => {
  const digest = (algorithm: string): string =>
    `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;
  const mufasa = (): Credentials =>
    new Credentials('Mufasa', 'Circle of Life', () => 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ');

  // RFC 7616 §3.9.1
  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('is answered as RFC 7616 shows: %s', (algorithm, response) => {
    const credentials = mufasa();
    expect(credentials.asked([digest(algorithm)])).toEqual({ user: true, known: true, stale: false });
    const answer = credentials.answer('GET', '/dir/index.html')!;
    expect(answer).toContain(`response="${response}"`);
    expect(answer).toContain('qop=auth, nc=00000001');
    expect(credentials.answer('GET', '/dir/index.html')).toContain('nc=00000002');
  });

  it('is answered as cameras ask, without qop (RFC 2617), and by basic where there is nothing else', () => {
    const old = new Credentials('admin', 'camera');
    old.asked(['Basic realm="x"', 'Digest realm="IP Camera(12345)", nonce="abc", stale="FALSE"']);
    // MD5(MD5(admin:IP Camera(12345):camera):abc:MD5(DESCRIBE:rtsp://h/))
    expect(old.answer('DESCRIBE', 'rtsp://h/')).toBe(
      'Digest username="admin", realm="IP Camera(12345)", nonce="abc", uri="rtsp://h/", response="390efe1914976e72e972c9c8a5bedc15"',
    );
    old.asked(['Basic realm="x"']);
    expect(old.answer('DESCRIBE', 'rtsp://h/')).toBe('Basic YWRtaW46Y2FtZXJh');
  });

  it('takes the strongest way it knows, and says when it knows none', () => {
    const credentials = mufasa();
    credentials.asked([`Basic realm="a", ${digest('MD5')}, ${digest('SHA-256')}`]);
    expect(credentials.answer('GET', '/')).toContain('algorithm=SHA-256');
    for (const unknown of [
      'NTLM',
      'Digest realm="a", nonce="b", algorithm=SHA-512-256',
      'Digest realm="a", nonce="b", qop="auth-int"',
      '',
    ])
      expect(mufasa().asked([unknown])).toMatchObject({ known: false });
    expect(new Credentials(undefined, '').asked(['Basic realm="a"'])).toMatchObject({ user: false });
    expect(mufasa().asked(['Digest realm="a", nonce="b", stale=TRUE'])).toMatchObject({ stale: true });
  });

  it('never leaves its header, whatever the camera asks', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), fc.constantFrom('a', 'a\r\nX: y', '"'), (given, user) => {
        const text = given.replace('#', '\r\n');
        const credentials = new Credentials(user, 'p');
        for (const each of [text, `Digest realm="${text}", nonce="${text}"`]) {
          credentials.asked([each]);
          expect(credentials.answer('GET', 'rtsp://h/') ?? '').not.toMatch(/[\r\n]/);
        }
        expect(readChallenges(text).length).toBeLessThanOrEqual(text.length);
      }),
    );
  });
});

describe('what a camera describes', () => {
  const sdp = (...lines: string[]): string =>
    [
      'v=0',
      's=x',
      'm=audio 0 RTP/AVP 8',
      'a=control:audio',
      ...lines,
      'm=application 0 RTP/AVP 107',
      'a=control:meta',
    ].join('\r\n');
  const video = ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=control:track1'];

  it('is its first picture track, with the parameters it tells', () => {
    const found = readDescription(
      sdp(
        ...video,
        'a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0IAKeKQ, aM48gA==;profile-level-id=420029'.replace(
          ', ',
          ',',
        ),
      ),
      'rtsp://h/a/',
    );
    expect(found).toMatchObject({
      codec: 'h264',
      payloadType: 96,
      clockRate: 90_000,
      uri: 'rtsp://h/a/track1',
      base: 'rtsp://h/a/',
    });
    expect(found.sets.map((set) => set.toString('hex'))).toEqual(['67420029e290', '68ce3c80']);
    const hevc = readDescription(
      sdp(
        'm=video 0 RTP/AVP 98',
        'a=rtpmap:98 H265/90000',
        'a=fmtp:98 sprop-vps=QAEM; sprop-sps=QgEB; sprop-pps=RAHA',
        'a=control:rtsp://10.1.1.1/t',
      ),
      'rtsp://h/a?b=1',
    );
    expect(hevc).toMatchObject({ codec: 'h265', payloadType: 98, uri: 'rtsp://10.1.1.1/t' });
    expect(hevc.sets).toHaveLength(3);
  });

  it.each([
    [['a=control:*'], 'rtsp://h/a?b=1', 'rtsp://h/a?b=1', 'rtsp://h/a?b=1/track1'],
    [['a=control:rtsp://h/whole/'], 'rtsp://h/a', 'rtsp://h/whole/', 'rtsp://h/whole/track1'],
    [[], 'rtsp://h/a', 'rtsp://h/a', 'rtsp://h/a/track1'],
  ])('is asked for where it says: %j', (session, asked, base, uri) => {
    expect(readDescription([...session, ...video].join('\n'), asked)).toMatchObject({ base, uri });
  });

  it.each([
    [sdp(), 'camera.rtsp'],
    ['', 'camera.rtsp'],
    [sdp('m=video 0 RTP/AVP 26'), 'camera.unfit'],
    [sdp('m=video 0 RTP/AVP 96', 'a=rtpmap:96 MP4V-ES/90000'), 'camera.unfit'],
    [sdp('m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/0'), 'camera.rtsp'],
    [sdp(...video, 'a=fmtp:96 packetization-mode=2'), 'camera.unfit'],
    [sdp('m=video 0 RTP/AVP 96', 'a=rtpmap:96 H265/90000', 'a=fmtp:96 sprop-max-don-diff=3'), 'camera.unfit'],
  ])('is refused: %#', (text, code) => {
    expect(() => readDescription(text, 'rtsp://h/')).toThrowError(expect.objectContaining({ code }));
  });
});

describe('packets', () => {
  const packet = (sequence: number, source = 7): Packet => ({
    ...{ payloadType: 96, marker: false, sequence: sequence & 0xffff, timestamp: 0, source, payload: Buffer.from([1]) },
  });

  it('are read with extensions, sources and padding, or not at all', () => {
    const bytes = Buffer.from('b1e00010000000200000000700000001bede00010102030441420002', 'hex');
    // One contributing source, an extension of one word, padding of two bytes.
    expect(readPacket(bytes)).toMatchObject({ payloadType: 96, marker: true, sequence: 16, timestamp: 32, source: 7 });
    expect(readPacket(bytes)!.payload.toString()).toBe('AB');
    for (const wrong of [
      '',
      '80',
      '4060000000000000',
      '8060000000000000000000',
      'a060000000000000000000000d0d',
      '9060000000000000000000000000ffff00',
    ])
      expect(readPacket(Buffer.from(wrong, 'hex'))).toBeUndefined();
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (any) => void readPacket(Buffer.from(any))));
  });

  it('tell the camera’s clock, also beyond 2036, and are answered', () => {
    const at = Date.UTC(2026, 10, 22, 5, 6, 7, 250);
    const report = senderReport(7, at, 90_000, 1, 2);
    expect(readReports(report)).toMatchObject({ report: { source: 7, wallAt: at, timestamp: 90_000 }, goodbye: false });
    expect(readReports(senderReport(7, Date.UTC(2040, 0, 1), 0, 1, 2)).report!.wallAt).toBe(Date.UTC(2040, 0, 1));
    expect(readReports(Buffer.concat([report, Buffer.from('81cb000100000007', 'hex')]))).toMatchObject({
      goodbye: true,
    });
    fc.assert(fc.property(fc.uint8Array({ maxLength: 90 }), (any) => void readReports(Buffer.from(any))));
    const answer = writeReport({
      ...{ own: 1, source: 7, lostShare: 3, lost: 9, highest: 0x1_0005 },
      ...{ jitter: 4, middle: 5, since: 6 },
    });
    expect(answer.toString('hex')).toBe(
      '81c9000700000001' +
        '000000070300000900010005000000040000000500000006' +
        '81ca000400000001' +
        '010968616c6c7761746368' +
        '00',
    );
  });

  it('come in their turn however a network shuffles them, around the end of the count', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 50, maxLength: 50 }), (delays) => {
        const order = delays
          .map((delay, index) => ({ index, at: index + delay }))
          .sort((a, b) => a.at - b.at || a.index - b.index);
        const reorder = new Reorder(200);
        // The first one says where the count begins.
        const first = reorder.push(packet(65_510), 0);
        const found = order.flatMap(({ index }, at) => reorder.push(packet(65_511 + index), at * 10));
        expect([...first, ...found].map((turn) => turn.packet.sequence)).toEqual(
          Array.from({ length: 51 }, (_, index) => (65_510 + index) & 0xffff),
        );
        expect([reorder.lost, found.some(({ lost }) => lost)]).toEqual([0, false]);
        expect(reorder.highest).toBe(65_560);
      }),
    );
  });

  it('that are missing are waited for, and no longer', () => {
    const reorder = new Reorder(200);
    reorder.push(packet(1), 0);
    expect(reorder.push(packet(3), 100)).toEqual([]);
    expect(reorder.push(packet(4), 299)).toEqual([]);
    const found = reorder.push(packet(5), 301);
    expect(found.map(({ packet: { sequence }, lost }) => [sequence, lost])).toEqual([
      [3, true],
      [4, false],
      [5, false],
    ]);
    expect(reorder.push(packet(2), 302)).toEqual([]);
    expect(reorder.lost).toBe(1);
    // Over TCP at once; another count or another source begins anew.
    const strict = new Reorder(0);
    strict.push(packet(1), 0);
    expect(strict.push(packet(3), 0).map(({ lost }) => lost)).toEqual([true]);
    expect(strict.push(packet(20_000), 0).map(({ lost }) => lost)).toEqual([true]);
    expect(strict.push(packet(5, 8), 0).map(({ lost }) => lost)).toEqual([true]);
  });

  it('that a camera counts anew from a little before are not taken for late ones for long', () => {
    const reorder = new Reorder(0);
    for (let i = 0; i < 500; i++) reorder.push(packet(2000 + i), i);
    const found = Array.from({ length: 100 }, (_, i) => reorder.push(packet(i), 500 + i)).flat();
    expect(found.length).toBeGreaterThan(60);
    expect(found.map(({ lost }) => lost)).toEqual(found.map((_, index) => index === 0));
    // Two networks that bring everything twice, one of them later, are no other count.
    const twice = new Reorder(200);
    const all = Array.from({ length: 300 }, (_, i) => [
      ...twice.push(packet(i), i),
      ...(i < 20 ? [] : twice.push(packet(i - 20), i)),
    ]).flat();
    expect([all.length, all.some(({ lost }) => lost)]).toEqual([300, false]);
  });

  it('wait in bounds', () => {
    const reorder = new Reorder(1e9);
    let most = 0;
    let handed = reorder.push(packet(0), 0).length;
    for (let i = 2; i < 3000; i++) {
      handed += reorder.push(packet(i), 0).length;
      most = Math.max(most, i - handed);
    }
    expect(most).toBeLessThanOrEqual(1025);
    expect(handed).toBeGreaterThan(2900);
  });
});
