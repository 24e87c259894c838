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
