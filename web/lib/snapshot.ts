import { fullTime } from './time.ts';

interface Caption {
  /** Hall and window. */
  place: string[];
  who: string;
  /** Programme time of the picture, epoch milliseconds. */
  at: number | undefined;
}

const quality = 0.92;

/**
 * Saves the picture that is seen as a JPEG with a line below it that says where, when and by whom: a file that leaves the hub
 * shows whose it is. It is no evidence: that is kept by the hub itself, under its hash.
 */
export async function saveSnapshot(video: HTMLVideoElement, { place, who, at }: Caption): Promise<void> {
  const { videoWidth: width, videoHeight: height } = video;
  const size = Math.max(12, Math.round(height / 30));
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height + 2 * size;
  const context = canvas.getContext('2d');
  if (!context || width === 0) throw new Error('no picture to draw');
  context.drawImage(video, 0, 0);
  context.fillStyle = '#0d131e';
  context.fillRect(0, height, width, 2 * size);
  context.fillStyle = '#e9eef7';
  context.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
  context.textBaseline = 'middle';
  const time = at === undefined ? '—' : fullTime(at);
  context.fillText([...place, time, who].join(' · '), size / 2, height + size, width - size);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality));
  if (!blob) throw new Error('the picture cannot be written as JPEG');
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  const stamp = time.replaceAll(/[ :]/g, '-');
  link.download = `${place.join('-')}-${stamp}.jpg`.replaceAll(/[\\/:*?"<>|\s]+/g, '-');
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
