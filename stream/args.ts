import { HubError } from '../hub/model/error.ts';

/** What ffmpeg is told. `list` is written to its standard input. */
export interface Command {
  /** Absent when the input is standard input. */
  input?: string;
  list?: string;
  inputOptions: string[];
  outputOptions: string[];
}

/** ffmpeg gives up on a camera that neither answers nor sends for so long, in microseconds. */
const TIMEOUT = 5_000_000;

const quiet = ['-nostdin', '-hide_banner', '-nostats', '-loglevel', 'error'];

/** Fragmented MP4, one fragment a picture, as soon as it is there; pictures are not touched. */
const fragments = [
  ...['-map', '0:v:0', '-c:v', 'copy', '-an', '-sn', '-dn', '-map_metadata', '-1'],
  ...['-movflags', 'frag_every_frame+empty_moov+default_base_moof+skip_trailer', '-flush_packets', '1'],
  ...['-muxdelay', '0', '-f', 'mp4'],
];

/**
 * How to pull a camera: `rtsp://[user:password@]host[:port]/path`, over TCP, or UDP with `?transport=udp`; or `file:/path`, looped
 * in real time. The address of a camera is never an argument, because everybody on the machine can read those: it goes
 * through standard input as a one-line concat list, whose `option` lines configure the RTSP demuxer. Throws
 * `HubError('camera.address')`, without the address in its message.
 */
export function pull(address: string): Command {
  if (/[\0-\x20\x7f]/.test(address))
    throw new HubError('camera.address', 'The address holds spaces or control characters: write them as %20.');
  if (address.startsWith('file:')) {
    const path = decodeURIComponent(address.slice('file:'.length).replace(/^\/\/(?=\/)/, ''));
    return { input: path, inputOptions: [...quiet, '-re', '-stream_loop', '-1'], outputOptions: fragments };
  }
  if (!/^rtsps?:\/\/[^/]/.test(address))
    throw new HubError('camera.address', 'The address is neither rtsp:// nor file:.');
  const udp = /[?&]transport=udp(?=&|$)/.test(address);
  const plain = address.replace(/([?&])transport=(udp|tcp)(&|$)/, (_, before: string, __, after: string) =>
    after ? before : '',
  );
  const options = {
    rtsp_transport: udp ? 'udp' : 'tcp',
    timeout: TIMEOUT,
    // The SDP already says what is sent: do not wait for pictures to find out.
    probesize: 32_768,
    analyzeduration: 100_000,
    fpsprobesize: 0,
    fflags: 'nobuffer',
    // How long a late UDP packet is waited for, microseconds.
    max_delay: 200_000,
    ...(udp ? { buffer_size: 1_048_576 } : {}),
  };
  const list = [
    'ffconcat version 1.0',
    `file '${plain.replaceAll("'", "'\\''")}'`,
    ...Object.entries(options).map(([name, value]) => `option ${name} ${value}`),
    '',
  ].join('\n');
  const protocols = 'pipe,file,rtsp,rtsps,tcp,udp,rtp,tls,crypto';
  return {
    list,
    inputOptions: [
      ...quiet,
      ...['-fflags', 'nobuffer', '-probesize', '32768', '-analyzeduration', '100000'],
      ...['-protocol_whitelist', protocols, '-safe', '0', '-f', 'concat'],
    ],
    outputOptions: fragments,
  };
}

/** Decodes the first picture of what stands on standard input to a JPEG of at most so many pixels in width. */
export function still(width: number): Command {
  return {
    inputOptions: [...quiet, '-threads', '1', '-f', 'mp4'],
    outputOptions: [
      ...['-frames:v', '1', '-threads', '1', '-vf', `scale=w='min(${width},iw)':h=-2`],
      ...['-c:v', 'mjpeg', '-q:v', '3', '-f', 'mjpeg'],
    ],
  };
}

/** Told with each picture that `glance` makes of FLV: its time in ms. */
export const shown = /_showinfo_.* pts: *(\d+) /;

/**
 * Decodes key pictures to small grey ones, one after the other, by picking samples: `flv` holds many, each of which is said on
 * standard error as well (`shown`), because one that is broken leaves no trace; `mp4` holds one of any codec.
 */
export function glance(container: 'flv' | 'mp4', width: number, height: number): Command {
  const small = `scale=${width}:${height}:flags=neighbor,format=gray`;
  const input = ['-probesize', '32', '-analyzeduration', '0', '-threads', '1', '-f', container];
  const output = ['-threads', '1', '-f', 'rawvideo'];
  if (container === 'mp4')
    return { inputOptions: [...quiet, ...input], outputOptions: ['-vf', small, '-frames:v', '1', ...output] };
  return {
    inputOptions: ['-nostdin', '-hide_banner', '-nostats', '-loglevel', 'info', ...input],
    outputOptions: ['-copyts', '-vsync', 'passthrough', '-vf', `${small},showinfo=checksum=0`, ...output],
  };
}
