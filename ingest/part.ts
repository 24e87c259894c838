import type { StartPart } from '../hub/platform/part.ts';
import { countRoutes } from './counts.ts';
import { entryRoutes } from './entry.ts';
import { routes } from './http.ts';
import { matterFileRoutes } from './matters/http.ts';
import { Tally } from './tally.ts';

/** The doors for approval data. A request in work ends with the HTTP server, which stops before its parts do. */
export const start: StartPart = async (context) => {
  const tally = new Tally(context);
  tally.start();
  // The page of the sources asks for counts as of now.
  const silence = context.bus.answer('ingest.tally', async () => {
    await tally.now();
    return { counted: true };
  });
  return {
    routes: async (app) => {
      await routes(app, context);
      await countRoutes(app, context);
      entryRoutes(app, context);
      await matterFileRoutes(app, context);
    },
    stop: async () => {
      silence();
      await tally.stop();
    },
  };
};
