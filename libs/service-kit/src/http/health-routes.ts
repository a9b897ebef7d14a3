import type { FastifyReply } from 'fastify';
import type { HealthReport } from '../health.ts';
import type { HttpServer, HttpServerOptions } from './create-http-server.ts';

/** Open routes for orchestrators and Prometheus; they tell nothing of any record. */
export function registerHealthRoutes(
  app: HttpServer,
  { service, health, metrics }: Pick<HttpServerOptions, 'service' | 'health' | 'metrics'>,
): void {
  const tags = ['operation'];
  app.get('/health/live', { schema: { tags, summary: 'The process runs' } }, () => ({ status: 'live', service }));
  app.get(
    '/health/ready',
    { schema: { tags, summary: 'It can serve; 503 names what fails' } },
    async (_request, reply) => await answer(reply, await health.readiness(), 'ready', 'unready'),
  );
  app.get(
    '/health/progress',
    { schema: { tags, summary: 'Work moves; 503 names what lags and has stood still for 30 s' } },
    async (_request, reply) => await answer(reply, await health.progressing(), 'moving', 'stuck'),
  );
  app.get(
    '/metrics',
    { schema: { tags, summary: 'Prometheus metrics' } },
    async (_request, reply) => await reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
}

function answer(reply: FastifyReply, { ok, checks }: HealthReport, good: string, bad: string): FastifyReply {
  return reply
    .code(ok ? 200 : 503)
    .header('cache-control', 'no-store')
    .send({ status: ok ? good : bad, failing: checks.filter((check) => !check.ok).map(({ name, reason }) => ({ name, reason })), checks });
}
