import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Histogram } from 'prom-client';
import type { Metrics } from '../metrics.ts';
import type { HttpServer } from './create-http-server.ts';

/**
 * One duration a request, and a log line only where someone would look for one: refusals at info, failures at error, the rest at debug. So
 * is 503 to a probe, which comes every few seconds and would bury the line that says why.
 * Labelled observers are kept, since looking them up by labels costs more than observing.
 * @returns the same for an answer that passes no hook.
 */
export function observeRequests(app: HttpServer, metrics: Metrics): (request: FastifyRequest, reply: FastifyReply) => void {
  const durations = metrics.histogram('http_request_duration_seconds', 'Time to answer a request', ['method', 'route', 'status']);
  const observers = new Map<string, Histogram.Internal<'method' | 'route' | 'status'>>();
  const observe = (request: FastifyRequest, reply: FastifyReply): void => {
    const route = request.routeOptions.url ?? 'unknown';
    const status = String(reply.statusCode);
    const key = `${request.method} ${status} ${route}`;
    let observer = observers.get(key);
    if (observer === undefined) {
      observer = durations.labels({ method: request.method, route, status });
      observers.set(key, observer);
    }
    observer.observe(reply.elapsedTime / 1000);
    const isProbe = reply.statusCode === 503 && route.startsWith('/health/');
    const level = isProbe ? 'debug' : reply.statusCode >= 500 ? 'error' : reply.statusCode >= 400 ? 'info' : 'debug';
    request.log[level]({ method: request.method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10 }, 'request');
  };
  app.addHook('onResponse', (request, reply, done) => {
    observe(request, reply);
    done();
  });
  return observe;
}
