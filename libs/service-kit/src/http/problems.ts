import { ConcurrencyError, UnavailableError, ValidationError, type Finding, type Problem } from '@clientele/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import { setCommonHeaders } from './common-headers.ts';

/** An answer that is not a success, thrown by a route. `detail` is read by callers: no internals in it. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly statusCode: number;
  readonly errors: readonly Finding[];
  /** Seconds; becomes `Retry-After`. */
  readonly retryAfter: number | null;
  readonly quarantineId: string | null;
  constructor(
    statusCode: number,
    detail: string,
    options: { errors?: readonly Finding[]; retryAfter?: number; quarantineId?: string } = {},
  ) {
    super(detail);
    this.statusCode = statusCode;
    this.errors = options.errors ?? [];
    this.retryAfter = options.retryAfter ?? null;
    this.quarantineId = options.quarantineId ?? null;
  }
}

const RETRY_CONFLICT_AFTER_S = 1;

/**
 * Any failure as what a caller may know of it. What is not meant for callers becomes a 500 without a word of its inside.
 * @param bodyLimit of the route, in bytes.
 */
export function toProblem(error: unknown, bodyLimit?: number): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof ValidationError) return new HttpProblem(400, error.message, { errors: error.findings });
  if (error instanceof UnavailableError)
    return new HttpProblem(503, 'Something this service stands on is away, full or slow: try again later', {
      retryAfter: Math.max(1, Math.ceil(error.retryAfterMs / 1000)),
    });
  if (error instanceof ConcurrencyError)
    return new HttpProblem(503, 'Others changed the same record: try again', { retryAfter: RETRY_CONFLICT_AFTER_S });
  return fromFramework(error, bodyLimit) ?? new HttpProblem(500, 'The service failed on this request; its log says why under the correlation id');
}

/** What Fastify refuses before a route is reached. Only its own wording below 500 is passed on. */
function fromFramework(error: unknown, bodyLimit?: number): HttpProblem | null {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') return null;
  if (error.statusCode < 400 || error.statusCode > 499) return null;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new HttpProblem(413, `The body is larger than this route takes${bodyLimit === undefined ? '' : `: send at most ${bodyLimit} bytes at a time`}`);
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new HttpProblem(415, 'The body must be JSON, sent as application/json');
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return invalidBody('empty', 'The body is empty');
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
      return invalidBody('json', 'The body is not JSON');
    default:
      return error instanceof SyntaxError ? invalidBody('json', 'The body is not JSON') : new HttpProblem(error.statusCode, error.message);
  }
}

function invalidBody(code: string, message: string): HttpProblem {
  return new HttpProblem(400, message, { errors: [{ path: 'body', code, message }] });
}

export function problemBody(problem: HttpProblem, correlationId: string): Problem {
  const title = STATUS_CODES[problem.statusCode] ?? 'Error';
  return {
    type: `urn:clientele:problem:${title.toLowerCase().replaceAll(/[^a-z]+/g, '-')}`,
    title,
    status: problem.statusCode,
    detail: problem.message,
    errors: [...problem.errors],
    ...(problem.quarantineId === null ? {} : { quarantine_id: problem.quarantineId }),
    correlation_id: correlationId,
  };
}

export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = toProblem(error, request.routeOptions.bodyLimit);
  if (error instanceof UnavailableError) request.log.warn({ reason: error.message }, 'unavailable');
  else if (problem.statusCode >= 500 && !(error instanceof HttpProblem)) request.log.error({ err: error }, 'request failed');
  // Set again here, since what the framework refuses has passed no hook.
  setCommonHeaders(request, reply);
  if (problem.retryAfter !== null) reply.header('retry-after', String(problem.retryAfter));
  return reply
    .code(problem.statusCode)
    .type('application/problem+json')
    .send(JSON.stringify(problemBody(problem, request.id)));
}
