import type { FastifyReply, FastifyRequest } from 'fastify';
import { CORRELATION_HEADER } from './correlation.ts';

/** What every answer carries: the request's correlation id, and that it is of the type that it says and no other. */
export function setCommonHeaders({ id }: Pick<FastifyRequest, 'id'>, reply: FastifyReply): void {
  reply.header(CORRELATION_HEADER, id).header('x-content-type-options', 'nosniff');
}
