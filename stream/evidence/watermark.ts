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

function drawing({ font, lines, middle }: Letters): string[] {
  const text = (file: string, more: string): string =>
    `drawtext=fontfile=${escaped(font)}:textfile=${escaped(file)}:expansion=none:${more}`;
  return [
    `scale=${width}:${height}:force_original_aspect_ratio=decrease`,
    `pad=${width}:${height}:-1:-1`,
    'setsar=1',
    ...lines.map((file, index) =>
      text(file, `fontsize=24:fontcolor=white:box=1:boxcolor=black@0.55:boxborderw=6:x=16:y=16+${index}*38`),
    ),
    text(middle, `fontsize=34:fontcolor=white@0.35:borderw=1:bordercolor=black@0.25:x=(w-tw)/2:y=(h-th)/2`),
  ];
}

/** The clip's files one after the other, each picture with its time by the server's clock. `folder` is where they lie. */
export function copyOf(folder: string, manifest: Manifest, letters: Letters): Command {
  // With its protocol, because the list itself comes from a pipe.
  const quoted = (file: string): string => `'file:${`${folder}/${file}`.replaceAll("'", "'\\''")}'`;
  const list = ['ffconcat version 1.0'];
  const clocks: string[] = [];
  let begins = 0;
  for (const { name } of manifest.files.filter(({ kind }) => kind === 'clip')) {
    const segments = manifest.segments.filter(({ file }) => file === name);
    const [first, last] = [segments[0], segments.at(-1)];
    if (!first || !last) continue;
    const lasts = last.offset + last.seconds;
    list.push(`file ${quoted(name)}`, `duration ${lasts.toFixed(3)}`);
    // drawtext adds this to the time of the picture and shows it as if it were UTC.
    const zero = (first.at / 1000 + 8 * 3600 - begins).toFixed(3);
    const clock = escaped(`%{pts:gmtime:${zero}}`);
    const shown = escaped(`between(t,${begins.toFixed(3)},${(begins + lasts).toFixed(3)})`);
    clocks.push(
      `drawtext=fontfile=${escaped(letters.font)}:text=${clock}:enable=${shown}:fontsize=24:fontcolor=white:box=1:boxcolor=black@0.55:boxborderw=6:x=16:y=h-th-16`,
    );
    begins += lasts;
  }
  return {
    list: [...list, ''].join('\n'),
    inputOptions: [...['-nostdin', '-hide_banner', '-nostats', '-loglevel', 'error'], ...concat],
    outputOptions: [
      ...[
        '-map',
        '0:v:0',
        '-an',
        '-sn',
        '-dn',
        '-map_metadata',
        '-1',
        '-vf',
        [...drawing(letters), ...clocks].join(','),
      ],
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '26', '-pix_fmt', 'yuv420p', '-threads', '1', '-g', '50'],
      ...['-movflags', 'frag_keyframe+empty_moov+default_base_moof', '-fs', String(mostBytes), '-f', 'mp4'],
    ],
  };
}

const concat = ['-threads', '1', '-protocol_whitelist', 'pipe,file', '-safe', '0', '-f', 'concat'];
const mostBytes = 256 * 1024 * 1024;

/** The picture of the moment, from standard input. */
export function pictureCopy(letters: Letters): Command {
  return {
    inputOptions: [
      ...['-nostdin', '-hide_banner', '-nostats', '-loglevel', 'error'],
      ...['-threads', '1', '-f', 'mjpeg'],
    ],
    outputOptions: [
      ...['-frames:v', '1', '-threads', '1', '-vf', drawing(letters).join(',')],
      ...['-c:v', 'mjpeg', '-q:v', '3', '-f', 'mjpeg'],
    ],
  };
}
