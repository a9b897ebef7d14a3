import { Problem } from '@clientele/contracts';
import { adoptCorrelationId, keyOf, requireKey, securedByKey, type ApiKeys, type HttpServer } from '@clientele/service-kit';
import { Type, type TSchema } from '@sinclair/typebox';
import { Accepted, acceptedText, QuarantineReceipt, quarantinedText } from './receipt.ts';
import type { Intake } from './intake.ts';
import type { IntakeMetrics } from './intake-metrics.ts';
import { lingeringAnswer } from './lingering-answer.ts';

export interface IntakeRoute {
  readonly provider: string;
  readonly intake: Intake;
  readonly keys: ApiKeys;
  readonly metrics: IntakeMetrics;
  /** Where callers reach the query service, without a slash at its end. */
  readonly queryUrl: string;
  /** The shape of a body, for the API description: the provider checks it. */
  readonly body: TSchema;
}

const JSON_TYPES: ReadonlySet<string | undefined> = new Set(['application/json', 'application/json; charset=utf-8']);
const NOT_READ = Buffer.alloc(0);
const REFUSALS: Readonly<Record<number, string>> = { 400: 'unintelligible', 401: 'not_authentic', 413: 'too_large', 503: 'unavailable' };

/** `POST /events/<provider>`: authenticates before a byte of the body is read, and hands the raw bytes on. */
export async function registerIntakeRoute(app: HttpServer, route: IntakeRoute): Promise<void> {
  const { provider, intake, keys, metrics, queryUrl } = route;
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.addHook('onRequest', requireKey(keys));
    scope.addHook('onRequest', (request, reply, done) => {
      metrics.stage('auth', reply.elapsedTime);
      // A body is judged by what it is, whatever it is called. Where it is called right, nothing is deleted: headers without one are slow to read.
      if (!JSON_TYPES.has(request.headers['content-type'])) delete request.headers['content-type'];
      done();
    });
    scope.addHook('onSend', (request, reply, payload, done) => {
      if (request.raw.readableEnded || typeof payload !== 'string') return done(null, payload);
      reply.header('content-length', Buffer.byteLength(payload));
      done(null, lingeringAnswer(request.raw, payload));
    });
    scope.addHook('onResponse', (_request, reply, done) => {
      if (reply.statusCode >= 400) metrics.request(provider, 'refused', REFUSALS[reply.statusCode] ?? 'other');
      done();
    });
    scope.route({
      method: 'POST',
      url: `/events/${provider}`,
      schema: describe(route),
      validatorCompiler: () => () => true,
      handler: async (request, reply) => {
        const body = Buffer.isBuffer(request.body) ? request.body : NOT_READ;
        const receipt = await intake.take({ body, key: keyOf(request), correlate: (transactionId) => adoptCorrelationId(request, reply, transactionId) });
        metrics.request(provider, receipt.kind, receipt.kind === 'quarantined' ? 'unknown_source' : 'stored');
        reply.code(202).type('application/json');
        if (receipt.kind === 'quarantined') return quarantinedText(receipt);
        const writes = receipt.changes.map(({ write }) => write);
        reply.header('location', `${queryUrl}/events/${writes[0]?.id}?wait=5`);
        return acceptedText(writes, receipt.receivedAt);
      },
    });
  });
}

function describe({ provider, body }: IntakeRoute) {
  return {
    tags: ['intake'],
    summary: `Takes in change events of ${provider}`,
    description:
      '202: everything in the body is on the broker\'s disk; `Location` tells where the first change\'s outcome can be read. ' +
      '400: the body was not understood; it is kept whole under `quarantine_id`. 401: no key, an unknown one, or one of another source. ' +
      '413: too large. 503: not stored, or only in part; the same request again completes it.',
    security: securedByKey,
    body,
    response: { 202: Type.Union([Accepted, QuarantineReceipt]), 400: Problem, 401: Problem, 413: Problem, 503: Problem, default: Problem },
  };
}
