/** Pure: what is written into a released copy, and what ffmpeg is told to do so. */
import type { Manifest, Release } from '../../hub/model/evidence.ts';
import type { Command } from '../args.ts';

const acts = { view: '查阅', copy: '复制', delete: '删除' } as const;
const lineLength = 40;

const moment = (at: number): string => new Date(at + 8 * 3_600_000).toISOString().slice(0, 16).replace('T', ' ');

/** Who, when, by whose approval and what for; Chinese, times of Asia/Shanghai. */
export function watermarkOf(release: Release): string[] {
  const { requestedBy: who, answeredBy: by, expiresAt } = release;
  const purpose = [...`用途:${release.purpose.replaceAll(/\s+/g, ' ')}`];
  const wrapped = [purpose.slice(0, lineLength).join(''), purpose.slice(lineLength, 2 * lineLength - 1).join('')];
  if (purpose.length >= 2 * lineLength) wrapped[1] += '…';
  return [
    `调阅副本(${acts[release.act]}) ${who.name}(${who.account}) ${moment(who.at)} 申请`,
    `${by ? `${by.name} ${moment(by.at)} 批准` : '本地区免批准'}${expiresAt === undefined ? '' : ` 有效至 ${moment(expiresAt)}`}`,
    ...wrapped.filter((line) => line !== ''),
  ];
}

/** Text as the value of an option within a filter graph (ffmpeg-utils, "Quoting and escaping"): once for each of the two. */
export const escaped = (text: string): string => text.replaceAll(/[\\':]/g, '\\$&').replaceAll(/[\\'[\],;]/g, '\\$&');

/** Files that the filters read: the font, and the lines, a file each. */
export interface Letters {
  font: string;
  lines: string[];
  /** The first line once more, across the middle. */
  middle: string;
}

const width = 1280;
const height = 720;

/** Pictures of all sizes become one. */
const fitted = `scale=${width}:${height}:force_original_aspect_ratio=decrease,pad=${width}:${height}:-1:-1,setsar=1`;
const boxed = 'fontsize=24:fontcolor=white:box=1:boxcolor=black@0.55:boxborderw=6:x=16';

function written({ font, lines, middle }: Letters): string {
  const text = (file: string, more: string): string =>
    `drawtext=fontfile=${escaped(font)}:textfile=${escaped(file)}:expansion=none:${more}`;
  return [
    ...lines.map((file, index) => text(file, `${boxed}:y=16+${index}*38`)),
    text(middle, `fontsize=34:fontcolor=white@0.35:borderw=1:bordercolor=black@0.25:x=(w-tw)/2:y=(h-th)/2`),
  ].join(',');
}

/**
 * The clip's files one after the other, each picture with its time by the server's clock. `folder` is where they lie. Each has a decoder
 * of its own, because a camera may have begun with other parameters or another codec in between; as a list they would share one.
 */
export function copyOf(folder: string, manifest: Manifest, { font, ...letters }: Letters): Command {
  const clips = manifest.files.flatMap(({ name }) => manifest.segments.find(({ file }) => file === name) ?? []);
  const shown = clips.map(({ file, at }, index) => {
    // drawtext adds this to the time of the picture and shows it as if it were UTC.
    const clock = escaped(`%{pts:gmtime:${(at / 1000 + 8 * 3600).toFixed(3)}}`);
    return `movie=filename=${escaped(`${folder}/${file}`)},${fitted},format=yuv420p,drawtext=fontfile=${escaped(font)}:text=${clock}:${boxed}:y=h-th-16[${index}]`;
  });
  const labels = clips.map((_, index) => `[${index}]`).join('');
  return {
    input: [...shown, `${labels}concat=n=${clips.length},${written({ font, ...letters })}`].join(';'),
    inputOptions: [...quiet, '-f', 'lavfi'],
    outputOptions: [
      // (Their rates may differ as well: each picture keeps its time.)
      ...['-map', '0:v:0', '-map_metadata', '-1', '-vsync', 'passthrough', '-enc_time_base', '1:90000'],
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '26', '-pix_fmt', 'yuv420p', '-threads', '1', '-g', '50'],
      ...['-movflags', 'frag_keyframe+empty_moov+default_base_moof', '-fs', String(mostBytes), '-f', 'mp4'],
    ],
  };
}

const quiet = ['-nostdin', '-hide_banner', '-nostats', '-loglevel', 'error'];
const mostBytes = 256 * 1024 * 1024;

/** The picture of the moment, from standard input. */
export function pictureCopy(letters: Letters): Command {
  return {
    inputOptions: [...quiet, '-threads', '1', '-f', 'mjpeg'],
    outputOptions: [
      ...['-frames:v', '1', '-threads', '1', '-vf', `${fitted},${written(letters)}`],
      ...['-c:v', 'mjpeg', '-q:v', '3', '-f', 'mjpeg'],
    ],
  };
}
