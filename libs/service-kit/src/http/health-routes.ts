import { Type } from '@sinclair/typebox';
import type { HealthReport } from '../health.ts';
import type { HttpServer, HttpServerOptions } from './create-http-server.ts';

interface Probe {
  readonly path: string;
  readonly summary: string;
  readonly look: () => Promise<HealthReport>;
  /** What the answer calls the two states. */
  readonly good: string;
  readonly bad: string;
}

const Failing = Type.Object({ name: Type.String(), reason: Type.Union([Type.String(), Type.Null()]) });

function answerOf(status: string) {
  return Type.Object({
    status: Type.Literal(status),
    failing: Type.Array(Failing),
    checks: Type.Array(Type.Composite([Failing, Type.Object({ ok: Type.Boolean() })])),
  });
}

/** Open routes for orchestrators and Prometheus; they tell nothing of any record. */
export function registerHealthRoutes(
  app: HttpServer,
  { service, health, metrics }: Pick<HttpServerOptions, 'service' | 'health' | 'metrics'>,
): void {
  const tags = ['operation'];
  app.get('/health/live', { schema: { tags, summary: 'The process runs' } }, () => ({ status: 'live', service }));
  registerProbe(app, {
    path: '/health/ready', summary: 'It can serve; 503 names what fails', look: () => health.readiness(), good: 'ready', bad: 'unready',
  });
  registerProbe(app, {
    path: '/health/progress', summary: 'Work moves; 503 names what lags and has stood still for 30 s', look: () => health.progressing(), good: 'moving', bad: 'stuck',
  });
  app.get(
    '/metrics',
    { schema: { tags, summary: 'Prometheus metrics' } },
    async (_request, reply) => await reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
}

function registerProbe(app: HttpServer, { path, summary, look, good, bad }: Probe): void {
  app.get(path, { schema: { tags: ['operation'], summary, response: { 200: answerOf(good), 503: answerOf(bad) } } }, async (_request, reply) => {
    const { ok, checks } = await look();
    const failing = checks.filter((check) => !check.ok).map(({ name, reason }) => ({ name, reason }));
    reply.code(ok ? 200 : 503).header('cache-control', 'no-store');
    return { status: ok ? good : bad, failing, checks: [...checks] };
  });
}
