// Two of the demonstration's cameras in a container of their own (compose.yaml): drawn loops over RTSP, behind digest.
import { join } from 'node:path';
import { drawFilms } from '../seeds/cameras.ts';
import { fps, scenes } from '../seeds/scenes.ts';
import { startCameraServer } from '../test/support/camera/index.ts';

const { CAMERA_PASSWORD: password, DATA_DIR: dataDir = '.data' } = process.env;
if (!password) throw new Error('CAMERA_PASSWORD: expected the password under which the hub reads the cameras');

const films = await drawFilms(join(dataDir, 'demo'), { only: scenes.slice(0, 2) });
const server = await startCameraServer({
  host: '0.0.0.0',
  port: 8554,
  user: 'demo',
  password,
  streams: films.map(({ name, file }) => ({ path: name, file, fps })),
});
process.stderr.write(`cameras on port ${server.port}: ${films.map(({ name }) => name).join(', ')}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void server.stop().then(() => process.exit(0)));
