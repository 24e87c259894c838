import { sessionEnded } from '../hub/platform/access.ts';
import type { Context, Part, StartPart } from '../hub/platform/part.ts';
import { Cameras, type CamerasOptions } from './cameras.ts';
import { Deliveries } from './deliveries.ts';
import { Door } from './door.ts';
import { Evidence } from './evidence.ts';
import { install } from './ffmpeg.ts';
import { routes } from './http.ts';
import { answerSetup } from './setup.ts';
import { Snapshots } from './snapshot.ts';

/** The stream part: camera → ffmpeg → boxes → pace → window → playlist → http; beside it looks → glance → judge. */
export async function startStream(
  context: Context,
  options: CamerasOptions = {},
): Promise<Part & { cameras: Cameras }> {
  const { settings, bus, store, log } = context;
  await install(settings.dataDir, settings.ffmpeg);
  const cameras = new Cameras(context, { pictureSeconds: settings.pictureSeconds, ...options });
  const deliveries = new Deliveries(store, log);
  const evidence = new Evidence(settings.dataDir);
  const snapshots = new Snapshots(cameras, evidence);
  const door = new Door({ cameras, deliveries });
  const endings = bus.connection.subscribe(sessionEnded, {
    callback: (error, message) => void (error || door.endSession(message.string())),
  });
  const answers = [
    bus.answer<{ camera: string }>('stream.snapshot', ({ camera }) => snapshots.take(camera)),
    bus.answer<{ cameras: string[] }>('stream.judged', async ({ cameras: ids }) => cameras.judgedUntil(ids)),
  ];
  const setup = answerSetup(context, cameras);
  await cameras.settle();
  return {
    cameras,
    routes: routes({ context, door, evidence }),
    stop: async () => {
      for (const silence of answers) silence();
      endings.unsubscribe();
      door.stop();
      await setup.stop();
      await cameras.stop();
      await deliveries.stop();
    },
  };
}

export const start: StartPart = (context) => startStream(context);
