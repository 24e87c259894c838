import { sourceOf } from '../hub/model/camera.ts';
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

/** Fragmented MP4, one fragment a picture, as soon as it is there, without sound. */
const alone = ['-map', '0:v:0', '-an', '-sn', '-dn', '-map_metadata', '-1'];
const fragmented = [
  ...['-movflags', 'frag_every_frame+empty_moov+default_base_moof+skip_trailer', '-flush_packets', '1'],
  ...['-muxdelay', '0', '-f', 'mp4'],
];
/** Pictures are not touched. */
const fragments = [...alone, '-c:v', 'copy', ...fragmented];

/**
 * The same pictures with the first sound there is, if any, as AAC. Always encoded: what the camera sends is known only once it is open,
 * AAC comes in shapes that MP4 does not take, and what is left out of sound on the way is filled. As Matroska, because ffmpeg's MP4
 * says wrong times of fragments as soon as there are two tracks. A picture waits for its sound no longer than 0.2 s.
 */
const sounding = [
  ...['-map', '0:v:0', '-map', '0:a:0?', '-sn', '-dn', '-map_metadata', '-1', '-c:v', 'copy'],
  ...['-c:a', 'aac', '-ac', '1', '-b:a', '32k', '-af', 'aresample=32000:async=1000'],
  ...['-max_interleave_delta', '200000', '-live', '1', '-cluster_time_limit', '1', '-flush_packets', '1'],
  ...['-f', 'matroska'],
];

/**
 * Makes H.264 of the fragmented MP4 on standard input, at most so many pixels wide, with a key picture each second: for browsers that
 * do not play what the camera sends.
 */
export function transcoding(width: number): Command {
  const size = `scale=w='trunc(min(${width},iw)/2)*2':h=-2,format=yuv420p`;
  return {
    inputOptions: [
      ...[...quiet, '-fflags', 'nobuffer', '-flags', 'low_delay', '-probesize', '32', '-analyzeduration', '0'],
      ...['-threads', '2', '-f', 'mp4'],
    ],
    outputOptions: [
      ...[
        ...alone,
        '-vf',
        size,
        '-vsync',
        'passthrough',
        '-c:v',
        'libx264',
        '-preset',
        'veryfast',
        '-tune',
        'zerolatency',
      ],
      ...['-profile:v', 'main', '-crf', '25', '-maxrate', '2500k', '-bufsize', '2500k', '-threads', '2'],
      ...['-force_key_frames', 'expr:gte(t,n_forced)', ...fragmented],
    ],
  };
}

/** What each kind of source may open, itself and whatever its playlists name; and how its demuxer is set. */
const demuxers = {
  rtsp: { protocols: 'pipe,rtsp,rtsps,tcp,udp,rtp,tls,crypto', probe: 32_768, analyze: 100_000 },
  // Neither files nor pipes: a playlist of somebody else's must not lead into this machine.
  hls: { protocols: 'http,https,tcp,tls,crypto', probe: 1_000_000, analyze: 1_000_000 },
  flv: { protocols: 'http,https,tcp,tls', probe: 500_000, analyze: 500_000 },
};

/**
 * How to pull a camera: `rtsp://[user:password@]host[:port]/path`, over TCP, or UDP with `?transport=udp`; `http(s)://….m3u8` or
 * `http(s)://….flv`; or `file:/path`, looped in real time. The address of a camera is never an argument, because everybody on the
 * machine can read those: it goes through standard input as a one-line concat list, whose `option` lines configure the demuxer.
 * With `sound` it is Matroska that comes, else fragmented MP4. Throws `HubError('camera.address')`, without the address in its message.
 */
export function pull(address: string, sound = false): Command {
  const outputOptions = sound ? sounding : fragments;
  const kind = sourceOf(address);
  if (typeof kind !== 'string') throw new HubError('camera.address', `The address cannot be used: ${kind.reason}.`);
  if (kind === 'push') throw new HubError('camera.address', 'No encoder can push here: PUSH_PORT is not set.');
  if (kind === 'file') {
    const path = decodeURIComponent(address.slice('file:'.length).replace(/^\/\/(?=\/)/, ''));
    return { input: path, inputOptions: [...quiet, '-re', '-stream_loop', '-1'], outputOptions };
  }
  const { protocols, probe, analyze } = demuxers[kind];
  const udp = /[?&]transport=udp(?=&|$)/.test(address);
  const plain =
    kind === 'rtsp'
      ? address.replace(/([?&])transport=(udp|tcp)(&|$)/, (_, before: string, __, after: string) =>
          after ? before : '',
        )
      : address;
  const options = {
    probesize: probe,
    analyzeduration: analyze,
    ...(kind === 'rtsp'
      ? {
          rtsp_transport: udp ? 'udp' : 'tcp',
          timeout: TIMEOUT,
          // The SDP already says what is sent: do not wait for pictures to find out.
          fpsprobesize: 0,
          fflags: 'nobuffer',
          // How long a late UDP packet is waited for, microseconds.
          max_delay: 200_000,
          ...(udp ? { buffer_size: 1_048_576 } : {}),
        }
      : { protocol_whitelist: protocols, rw_timeout: TIMEOUT }),
    ...(kind === 'hls' ? { http_persistent: 0, m3u8_hold_counters: 20 } : {}),
  };
  const list = [
    'ffconcat version 1.0',
    `file '${plain.replaceAll("'", "'\\''")}'`,
    ...Object.entries(options).map(([name, value]) => `option ${name} ${value}`),
    '',
  ].join('\n');
  return {
    list,
    inputOptions: [
      ...quiet,
      // Segments of HLS come all at once; pictures are handed on as they were taken, or every segment would look like a stall.
      ...(kind === 'hls' ? ['-re'] : []),
      ...['-fflags', 'nobuffer', '-probesize', String(probe), '-analyzeduration', String(analyze)],
      ...['-protocol_whitelist', kind === 'rtsp' ? protocols : `pipe,${protocols}`, '-safe', '0', '-f', 'concat'],
    ],
    outputOptions,
  };
}

/** Decodes one picture, the first or the `nth`, of what stands on standard input to a JPEG of at most so many pixels in width. */
export function still(width: number, nth = 1): Command {
  const pick = nth > 1 ? `select=gte(n\\,${nth - 1}),` : '';
  return {
    inputOptions: [...quiet, '-threads', '1', '-f', 'mp4'],
    outputOptions: [
      ...['-frames:v', '1', '-threads', '1', '-vf', `${pick}scale=w='min(${width},iw)':h=-2`],
      ...['-c:v', 'mjpeg', '-q:v', '3', '-f', 'mjpeg'],
    ],
  };
}

/** Told on standard error with each picture that is made small: its time, in the units of its container. */
export const shown = /_showinfo_.* pts: *(\d+) /;

const probing = ['-probesize', '32', '-analyzeduration', '0', '-threads', '1'];
const small = (width: number, height: number): string => `scale=${width}:${height}:flags=neighbor,format=gray`;
const grey = ['-threads', '1', '-f', 'rawvideo'];

/** Decodes the one key picture on standard input, of any codec, to a small grey one by picking samples. */
export function glance(width: number, height: number): Command {
  return {
    inputOptions: [...quiet, ...probing, '-f', 'mp4'],
    outputOptions: ['-vf', small(width, height), '-frames:v', '1', ...grey],
  };
}

/**
 * Decodes key pictures to small grey ones, one after the other, each of which is said on standard error as well (`shown`), because one
 * that is broken leaves no trace: FLV of different settings until its end, or fragments of one setting as they come.
 */
export function glances(container: 'flv' | 'mp4', width: number, height: number): Command {
  return {
    inputOptions: [
      '-nostdin',
      '-hide_banner',
      '-nostats',
      '-loglevel',
      'info',
      '-fflags',
      'nobuffer',
      ...probing,
      '-f',
      container,
    ],
    outputOptions: [
      ...['-copyts', '-vsync', 'passthrough', '-vf', `${small(width, height)},showinfo=checksum=0`],
      ...['-flush_packets', '1', ...grey],
    ],
  };
}
