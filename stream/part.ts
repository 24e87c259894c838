import type { Context, Part, StartPart } from '../hub/platform/part.ts';
import { Cameras, type CamerasOptions } from './cameras.ts';
import { Deliveries } from './deliveries.ts';
import { Evidence } from './evidence.ts';
import { install } from './ffmpeg.ts';
import { routes } from './http.ts';
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
  const answers = [
    bus.answer<{ camera: string }>('stream.snapshot', ({ camera }) => snapshots.take(camera)),
    bus.answer<{ cameras: string[] }>('stream.judged', async ({ cameras: ids }) => cameras.judgedUntil(ids)),
  ];
  await cameras.settle();
  return {
    cameras,
    routes: routes({ context, cameras, deliveries, evidence }),
    stop: async () => {
      for (const silence of answers) silence();
      await cameras.stop();
      await deliveries.stop();
    },
  };
}

export const start: StartPart = (context) => startStream(context);
