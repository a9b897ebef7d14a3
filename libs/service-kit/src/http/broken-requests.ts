import type { FastifyInstance } from 'fastify';
import type { Socket } from 'node:net';
import { randomUUID } from 'node:crypto';
import { CORRELATION_HEADER } from './correlation.ts';
import { HttpProblem, problemBody } from './problems.ts';

/** Answers what never became a request: broken HTTP, headers too large, a sender that stalls. Node hands over the bare socket. */
export function answerBrokenRequests(this: FastifyInstance, error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const correlationId = randomUUID();
  const problem = problemOf(error.code);
  const body = JSON.stringify(problemBody(problem, correlationId));
  this.log.info({ correlationId, status: problem.statusCode, code: error.code }, 'broken request');
  socket.end(
    `HTTP/1.1 ${problem.statusCode} Refused\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n${CORRELATION_HEADER}: ${correlationId}\r\nconnection: close\r\n\r\n${body}`,
  );
}

interface ConnectionError extends Error {
  readonly code?: string;
}

function problemOf(code: string | undefined): HttpProblem {
  if (code === 'HPE_HEADER_OVERFLOW') return new HttpProblem(431, 'The headers are too large');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new HttpProblem(408, 'The request took too long to arrive');
  return new HttpProblem(400, 'This is not HTTP as the service knows it');
}
