import { stringifyExact } from '@clientele/contracts';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify';
import type { Health } from '../health.ts';
import type { Logger } from '../logging.ts';
import type { Metrics } from '../metrics.ts';
import { answerBrokenRequests, takeWhatNodeRefuses, unfit } from './broken-requests.ts';
import { setCommonHeaders } from './common-headers.ts';
import { correlationIdOf } from './correlation.ts';
import { registerDocs } from './docs.ts';
import { drainOnClose } from './drain.ts';
import { registerHealthRoutes } from './health-routes.ts';
import { registerNotFound } from './not-found.ts';
import { sendProblem } from './problems.ts';
import { observeRequests } from './request-log.ts';
import { RequestLogger } from './request-logger.ts';
import { registerFormats, validatorCompiler } from './validation.ts';

export type HttpServer = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export interface HttpServerOptions {
  readonly service: string;
  readonly description: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  /** Largest body in bytes (default 1 MiB). */
  readonly bodyLimit?: number;
}

/**
 * Every timeout of a connection, in milliseconds: none is left to a default that might be "for ever". A handler has none of its own, for
 * that costs every request a timer: whatever a handler waits for is bounded itself. `lookEvery`: what a sender may take is looked after so
 * often (Node's default is 30 s), and so may last that much longer.
 */
const TIMEOUTS = { receiveRequest: 15_000, receiveHeaders: 10_000, lookEvery: 1_000, silentSocket: 60_000, keepAlive: 72_000 };

/**
 * A Fastify server with what every service's HTTP has in common: problem+json for each error, correlation ids, timeouts, health, metrics
 * and docs. Numbers in answers keep their digits: a route sends values of `parseExact`, or JSON text of its own with the type set.
 */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  registerFormats();
  const loggerInstance: FastifyBaseLogger = options.logger;
  const app = Fastify({
    loggerInstance,
    childLoggerFactory: (_parent, bindings) => new RequestLogger(options.logger, bindings),
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'correlationId' }),
    genReqId: correlationIdOf,
    bodyLimit: options.bodyLimit ?? 1024 * 1024,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 300 },
    requestTimeout: TIMEOUTS.receiveRequest,
    connectionTimeout: TIMEOUTS.silentSocket,
    keepAliveTimeout: TIMEOUTS.keepAlive,
    // A request without a Host is refused by `unfit`: Node would do it without a word.
    http: { headersTimeout: TIMEOUTS.receiveHeaders, connectionsCheckingInterval: TIMEOUTS.lookEvery, requireHostHeader: false },
    forceCloseConnections: 'idle',
    // Requests that are on their way when the server closes are served, and their connections closed (see drainOnClose).
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      void sendProblem(error, request, reply);
      // It passes no hook.
      observe(request, reply);
    },
    clientErrorHandler: answerBrokenRequests,
  }).withTypeProvider<TypeBoxTypeProvider>();

  app.decorateRequest('apiKey', null);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(() => stringifyExact);
  app.setReplySerializer(stringifyExact);
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  app.addHook('onRequest', (request, reply, done) => {
    setCommonHeaders(request, reply);
    done(unfit(request.raw) ?? undefined);
  });
  takeWhatNodeRefuses(app);
  drainOnClose(app);
  const observe = observeRequests(app, options.metrics);
  registerNotFound(app);
  await registerDocs(app, options);
  registerHealthRoutes(app, options);
  return app;
}
