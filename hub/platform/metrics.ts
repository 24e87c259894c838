import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { isLoopback } from './address.ts';
import { problem, sendProblem } from './problem.ts';

/** Every part adds its own counters and gauges here. */
export const metrics = new Registry();

let collects = false;

/** GET /metrics for a collector on this machine; for everybody else there is nothing. */
export function serveMetrics(app: FastifyInstance): void {
  if (!collects) collectDefaultMetrics({ register: metrics });
  collects = true;
  app.get('/metrics', { schema: { hide: true } }, async (request, reply) => {
    if (!isLoopback(request.socket.remoteAddress ?? '') || request.headers['x-forwarded-for'] !== undefined)
      return sendProblem(reply, problem(404));
    return reply.type(metrics.contentType).send(await metrics.metrics());
  });
}
