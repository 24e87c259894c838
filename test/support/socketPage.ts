import { build } from 'esbuild';
import { projectFolder } from '../../hub/platform/migrate.ts';

/**
 * The page's own player of pictures over the socket, as a script: `openSocketPlayer(video, camera, path, onChange, onLost)` answers
 * the player once its connection stands. `path` is where the socket server answers.
 */
export async function socketPage(): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { io } from 'socket.io-client';
        import { SocketPlayer } from './web/lib/socketPlayer.ts';
        window.openSocketPlayer = (video, camera, path, onChange = () => {}, onLost = () => {}) =>
          new Promise((resolve, reject) => {
            const line = window.line = io('/video', { path, transports: ['websocket'], forceNew: true });
            line.on('connect_error', reject);
            line.once('connect', () => {
              const player = new SocketPlayer(video, { camera, quality: 'main', line, now: Date.now, onChange, onLost });
              player.setActive(true);
              resolve(player);
            });
          });`,
      resolveDir: projectFolder(),
      loader: 'ts',
    },
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    platform: 'browser',
    absWorkingDir: projectFolder(),
  });
  return outputFiles[0]!.text;
}
