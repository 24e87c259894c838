import { io, type Socket } from 'socket.io-client';
import type { VideoDown, VideoUp } from '../../hub/model/video.ts';
import { live } from './socket.svelte.ts';

/** The namespace of the pictures. */
export type VideoLine = Socket<VideoDown, VideoUp>;

/** How long the hub may take to let pictures over the socket before they come another way. */
const patience = 2_500;

let line: { of: unknown; found: VideoLine } | undefined;

/**
 * The line of the pictures, over the page's one connection; where pictures are served by another process, over one to that.
 * Rejects where there is none.
 */
export async function videoLine(): Promise<VideoLine> {
  const connection = live.connection;
  // The page opens its tiles while it still connects.
  if (!connection || !(await isUp(connection))) throw new Error('not connected');
  if (line?.of === connection && line.found.connected) return line.found;
  line?.found.disconnect();
  line = undefined;
  for (const open of [
    (): VideoLine => connection.io.socket('/video'),
    (): VideoLine =>
      io('/video', { path: '/live/socket.io', transports: ['websocket'], withCredentials: true, forceNew: true }),
  ]) {
    const opened = open();
    if (!opened.connected) opened.connect();
    if (await isUp(opened)) {
      line = { of: connection, found: opened };
      return opened;
    }
    opened.disconnect();
  }
  throw new Error('no pictures over the socket');
}

/** Whether it stands within the time; at once false when the hub knows no such namespace. */
function isUp(socket: Pick<Socket, 'connected' | 'on' | 'off'>): Promise<boolean> {
  if (socket.connected) return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = (is: boolean): void => {
      clearTimeout(timer);
      socket.off('connect', isThere).off('connect_error', isAway);
      resolve(is);
    };
    const isThere = (): void => end(true);
    const isAway = (): void => end(false);
    const timer = setTimeout(isAway, patience);
    socket.on('connect', isThere).on('connect_error', isAway);
  });
}
