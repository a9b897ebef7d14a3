import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export const CORRELATION_HEADER = 'x-correlation-id';

/** Short, and of characters that are harmless in a header, a log line and a query string. */
const WELL_FORMED = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

export function isCorrelationId(text: unknown): text is string {
  return typeof text === 'string' && WELL_FORMED.test(text);
}

/** The caller's correlation id if it is well-formed, else a new one. It is the request's id, in its log lines and its answer. */
export function correlationIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const sent = request.headers[CORRELATION_HEADER];
  return isCorrelationId(sent) ? sent : randomUUID();
}

/**
 * Gives a request that brought no correlation id of its own the one that its body names (a transaction id of the CRM).
 * @returns the id that holds from here on.
 */
export function adoptCorrelationId(request: FastifyRequest, reply: FastifyReply, candidate: string | null): string {
  if (!isCorrelationId(candidate) || isCorrelationId(request.headers[CORRELATION_HEADER])) return request.id;
  request.id = candidate;
  request.log = request.log.child({ correlationId: candidate });
  reply.header(CORRELATION_HEADER, candidate);
  return candidate;
}
