import { followEndings } from '../platform/access.ts';
import type { StartPart } from '../platform/part.ts';
import { administration } from './admin.ts';
import { adminAccountRoutes } from './adminAccounts.ts';
import { adminCalendarRoutes } from './adminCalendar.ts';
import { adminContactRoutes } from './adminContacts.ts';
import { adminPlaceRoutes } from './adminPlaces.ts';
import { adminRequestRoutes } from './adminRequests.ts';
import { attentionRoutes } from './attention.ts';
import { cameraRoutes } from './cameras.ts';
import { casefileRoutes } from './casefiles.ts';
import { commands } from './commands.ts';
import { contactImport } from './contactImport.ts';
import { startCounting } from './counting.ts';
import { drawRoutes } from './draw.ts';
import { evidenceRoutes } from './evidence.ts';
import { open } from './gate.ts';
import { findingRoutes } from './findings.ts';
import { hallRoutes } from './halls.ts';
import { leadershipRoutes } from './leadership.ts';
import { ledgerRoutes } from './ledger.ts';
import { matterRoutes } from './matters.ts';
import { packRoutes } from './packs.ts';
import { noticeRoutes } from './notices.ts';
import { patrolRoutes } from './patrol.ts';
import { photoRoutes, Photos } from './photos.ts';
import { presenceRoutes } from './presence.ts';
import { publicRoutes } from './public.ts';
import { recordingLimitRoutes } from './recordingLimits.ts';
import { recordingRoutes } from './recordings.ts';
import { registerRoutes } from './register.ts';
import { ruleStatisticsRoutes } from './ruleStatistics.ts';
import { sessionRoutes } from './session.ts';
import { signalRoutes } from './signals.ts';
import { startSockets } from './sockets.ts';
import { statisticsRoutes } from './statistics.ts';
import { sourceRoutes } from './sources.ts';
import { systemRoutes } from './system.ts';
import { Trials } from './trials.ts';
import { startViewings } from './viewings.ts';

/** What browsers talk to: the REST contract of `hub/model/api.ts` and the socket of `hub/model/live.ts`. */
export const start: StartPart = async (context) => {
  const { sessions } = context;
  const sockets = await startSockets(context, sessions);
  followEndings(context.bus, sockets.end);
  const command = commands(context);
  const photos = new Photos(context.settings);
  const admin = administration(context, command);
  const trials = new Trials(context.store, context.world, context.log);
  const counting = startCounting(context);
  const viewings = startViewings(context);
  return {
    routes: async (app) => {
      app.addHook('preClose', sockets.disconnect);
      await app.register(
        async (api) => {
          sessionRoutes(api, context, sessions, sockets);
          await photoRoutes(api, context, sessions, photos);
          await contactImport(api, context, sessions, admin);
          publicRoutes(api, context);
          open(api, sessions, [
            ...hallRoutes(context),
            ...signalRoutes(context, command),
            ...noticeRoutes(context),
            ...casefileRoutes(context),
            ...statisticsRoutes(context),
            ...ruleStatisticsRoutes(context),
            ...matterRoutes(context),
            ...patrolRoutes(context, command, sockets.flush),
            ...findingRoutes(context, command, photos),
            ...presenceRoutes(context, command),
            ...drawRoutes(context, command),
            ...evidenceRoutes(context, command),
            ...packRoutes(context, command, trials),
            ...attentionRoutes(context, command),
            ...leadershipRoutes(context),
            ...ledgerRoutes(context),
            ...registerRoutes(context, command),
            ...recordingRoutes(context, command),
            ...recordingLimitRoutes(context, command),
            ...sourceRoutes(context),
            ...cameraRoutes(context, command),
            ...adminPlaceRoutes(context, admin),
            ...adminAccountRoutes(context, admin, sessions, sockets),
            ...adminRequestRoutes(context, admin),
            ...adminCalendarRoutes(context, admin),
            ...adminContactRoutes(context, admin),
            ...systemRoutes(context),
          ]);
        },
        { prefix: '/api' },
      );
    },
    attach: sockets.attach,
    async stop() {
      await Promise.all([counting.stop(), viewings.stop(), trials.stop(), sockets.stop()]);
    },
  };
};
