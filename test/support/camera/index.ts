export { makeFilm, STRIP, type FilmOptions } from './film.ts';
export { startCameraServer, type CameraServer, type CameraServerOptions, type StreamOptions } from './server.ts';
export type { Misbehaviour } from './reel.ts';
import { makeFilm, type FilmOptions } from './film.ts';
import { startCameraServer, type CameraServer, type CameraServerOptions } from './server.ts';

/** A camera server for tests: its streams show the test card with burned-in picture numbers (default: one stream `cam`). */
export async function startCamera(
  options: Omit<CameraServerOptions, 'streams'> & { paths?: string[]; film?: FilmOptions } = {},
): Promise<CameraServer> {
  const fps = options.film?.fps ?? 15;
  const film = { ...options.film, fps };
  const [file, black, covered, smaller] = await Promise.all([
    makeFilm(film),
    makeFilm({ ...film, seconds: 2, scene: 'black' }),
    makeFilm({ ...film, seconds: 2, scene: 'covered' }),
    makeFilm({ ...film, seconds: 4, width: 320, height: 180 }),
  ]);
  const films = { black, covered, smaller };
  return startCameraServer({
    ...options,
    streams: (options.paths ?? ['cam']).map((path) => ({ path, file, fps, films })),
  });
}
