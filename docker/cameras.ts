// Two of the demonstration's cameras in a container of their own (compose.yaml): drawn loops over RTSP on the loopback
// that it shares with the stream, which is where the seeds look for them and where nobody else can.
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { drawFilms } from '../seeds/cameras.ts';
import { fps, scenes } from '../seeds/scenes.ts';
import { startCameraServer } from '../test/support/camera/index.ts';

const films = await drawFilms(join(process.env.DATA_DIR ?? '.data', 'demo'), { only: scenes.slice(0, 2) });
const server = await startCameraServer({
  host: '127.0.0.1',
  port: 8554,
  streams: films.map(({ name, file }) => ({ path: name, file, fps })),
});
process.stderr.write(`cameras on port ${server.port}: ${films.map(({ name }) => name).join(', ')}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void server.stop().then(() => process.exit(0)));
// The stream's container takes its network with it when it goes: started again, we are in its next one.
setInterval(() => {
  if (Object.values(networkInterfaces()).every((list) => list?.every(({ internal }) => internal))) process.exit(1);
}, 5_000);
