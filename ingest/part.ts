import type { StartPart } from '../hub/platform/part.ts';
import { routes } from './http.ts';

/** The doors for approval data. A request in work ends with the HTTP server, which stops before its parts do. */
export const start: StartPart = async (context) => ({
  routes: (app) => routes(app, context),
  stop: async () => {},
});
