import { sessionEnded } from '../hub/platform/access.ts';
import type { Context, Part, RegisterSockets, StartPart } from '../hub/platform/part.ts';
import { openSockets } from '../hub/platform/sockets.ts';
import { Cameras, type CamerasOptions } from './cameras.ts';
import { Deliveries } from './deliveries.ts';
import { Door } from './door.ts';
import { startEvidence } from './evidence/part.ts';
import { Evidence } from './evidence.ts';
import { install } from './ffmpeg.ts';
import { routes } from './http.ts';
import type { Claim } from './proofs.ts';
import { Push } from './push/push.ts';
import { Recording } from './recording/recording.ts';
import { recordedRoutes } from './recording/routes.ts';
import { answerSetup } from './setup.ts';
import { Snapshots } from './snapshot.ts';
import { videoSockets } from './socket.ts';

/** The stream part: camera → ffmpeg → boxes → pace → window → playlist → http; beside it looks → glance → judge. */
export async function startStream(
  context: Context,
  options: CamerasOptions = {},
): Promise<Part & { cameras: Cameras }> {
  const { settings, bus, store, log } = context;
  await install(settings.dataDir, settings.ffmpeg);
  const push = settings.pushPort === undefined ? undefined : await Push.start(context, settings.pushPort);
  const recording = new Recording(context);
  const cameras = new Cameras(context, { pictureSeconds: settings.pictureSeconds, push, recording, ...options });
  const deliveries = new Deliveries(store, log);
  const played = new Deliveries(store, log, 'playback');
  const evidence = new Evidence(settings.dataDir);
  const snapshots = new Snapshots(cameras, evidence);
  const door = new Door({ cameras, deliveries });
  const endings = bus.connection.subscribe(sessionEnded, {
    callback: (error, message) => void (error || door.endSession(message.string())),
  });
  const answers = [
    bus.answer<{ camera: string }>('stream.snapshot', ({ camera }) => snapshots.take(camera)),
    bus.answer('stream.recording', async () => recording.state()),
    bus.answer<{ session: string; claims: Claim[] }>('stream.proven', async ({ session, claims }) =>
      door.proven(session, claims),
    ),
    bus.answer<{ cameras: string[] }>('stream.judged', async ({ cameras: ids }) => cameras.judgedUntil(ids)),
  ];
  const setup = answerSetup(context, cameras);
  const taken = startEvidence(context, cameras, recording);
  const sockets = socketsOf(context, videoSockets({ door, identify: context.sessions.identify }));
  await cameras.settle();
  await recording.start((id) => cameras.find(id)?.camera.ask());
  return {
    cameras,
    ...sockets,
    routes: async (app) => {
      await sockets.routes?.(app);
      routes({ context, door, evidence })(app);
      taken.routes(app);
      recordedRoutes({ context, recordings: recording.recordings, played, flush: () => recording.flush() })(app);
    },
    stop: async () => {
      sockets.stop();
      for (const silence of answers) silence();
      endings.unsubscribe();
      door.stop();
      await setup.stop();
      await taken.stop();
      await cameras.stop();
      await recording.stop();
      await push?.stop();
      await deliveries.stop();
      await played.stop();
    },
  };
}

/** Over the sockets of the part that talks to browsers, or, where that runs elsewhere, over an endpoint that a proxy sends here with `/live`. */
function socketsOf(
  { settings, sessions }: Context,
  register: RegisterSockets,
): Pick<Part, 'sockets' | 'attach' | 'routes'> & { stop: () => void } {
  if (settings.roles.includes('serve')) return { sockets: register, stop: () => {} };
  const server = openSockets({
    identify: sessions.identify,
    publicOrigin: settings.publicOrigin,
    path: '/live/socket.io',
  });
  register(server);
  return {
    routes: (app) => void app.addHook('preClose', server.disconnect),
    attach: (app) => server.attach(app),
    stop: server.stop,
  };
}

export const start: StartPart = (context) => startStream(context);
