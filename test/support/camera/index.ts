export { makeFilm, STRIP, type FilmOptions } from './film.ts';
export { startCameraServer, type CameraServer, type CameraServerOptions, type StreamOptions } from './server.ts';
import { makeFilm, type FilmOptions } from './film.ts';
import { startCameraServer, type CameraServer, type CameraServerOptions } from './server.ts';

/** A camera server for tests: its streams show the test card with burned-in picture numbers (default: one stream `cam`). */
export async function startCamera(
  options: Omit<CameraServerOptions, 'streams'> & { paths?: string[]; film?: FilmOptions } = {},
): Promise<CameraServer> {
  const fps = options.film?.fps ?? 15;
  const film = { ...options.film, fps };
  const [file, black] = await Promise.all([makeFilm(film), makeFilm({ ...film, seconds: 2, black: true })]);
  return startCameraServer({
    ...options,
    streams: (options.paths ?? ['cam']).map((path) => ({ path, file, fps, black })),
  });
}
