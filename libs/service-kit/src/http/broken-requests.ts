import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { randomUUID } from 'node:crypto';
import type { HttpServer } from './create-http-server.ts';
import { CORRELATION_HEADER, correlationIdOf } from './correlation.ts';
import { HttpProblem, problemBody } from './problems.ts';

/** Answers what never became a request: broken HTTP, headers too large, a sender that stalls. Node hands over the bare socket. */
export function answerBrokenRequests(this: FastifyInstance, error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const correlationId = randomUUID();
  socket.end(refusal(problemOf(error.code), correlationId, this.log, error.code));
}

/** Takes what Node would refuse by itself without a word: an unknown expectation as a request like any other (see `unfit`), and CONNECT. */
export function takeWhatNodeRefuses(app: HttpServer): void {
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    // Nobody else listens to this socket any more, and none must outlive the server's closing.
    socket.on('error', () => socket.destroy());
    const problem = new HttpProblem(501, 'This service is no proxy: it does not take CONNECT');
    socket.end(refusal(problem, correlationIdOf(request), app.log, 'CONNECT'), () => socket.destroy());
  });
}

/** Why a request is answered with a refusal wherever it goes to; null: it is not. HTTP/1.0 knows neither header. */
export function unfit({ httpVersion, headers: { host, expect } }: IncomingMessage): HttpProblem | null {
  if (httpVersion !== '1.1') return null;
  if (host === undefined) return new HttpProblem(400, 'A request of HTTP/1.1 must have a Host header');
  if (expect !== undefined && !CONTINUE.test(expect)) return new HttpProblem(417, 'No expectation is met but 100-continue');
  return null;
}

/** As Node looks for it, which answers it. */
const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i;

interface ConnectionError extends Error {
  readonly code?: string;
}

function refusal(problem: HttpProblem, correlationId: string, log: FastifyBaseLogger, code: string | undefined): string {
  const body = JSON.stringify(problemBody(problem, correlationId));
  log.info({ correlationId, status: problem.statusCode, code }, 'broken request');
  return `HTTP/1.1 ${problem.statusCode} Refused\r\ncontent-type: application/problem+json\r\n`
    + `content-length: ${Buffer.byteLength(body)}\r\n${CORRELATION_HEADER}: ${correlationId}\r\nx-content-type-options: nosniff\r\n`
    + `connection: close\r\n\r\n${body}`;
}

function problemOf(code: string | undefined): HttpProblem {
  if (code === 'HPE_HEADER_OVERFLOW') return new HttpProblem(431, 'The headers are too large');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new HttpProblem(408, 'The request took too long to arrive');
  return new HttpProblem(400, 'This is not HTTP as the service knows it');
}
