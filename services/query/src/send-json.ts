import { hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** JSON text goes out as it is: it was put together from texts of the database, every digit kept. */
export function sendJson(reply: FastifyReply, json: string): FastifyReply {
  return reply.header('content-type', 'application/json; charset=utf-8').send(json);
}

/** The same with an ETag of the text, to be kept by the caller alone and asked about each time; 304 where the caller has it. */
export function sendTagged(request: FastifyRequest, reply: FastifyReply, json: string): FastifyReply {
  const tag = `"${hash('sha1', json, 'base64url')}"`;
  reply.header('etag', tag).header('cache-control', 'private, no-cache');
  return hasIt(request.headers['if-none-match'], tag) ? reply.code(304).send() : sendJson(reply, json);
}

/** Compared weakly (RFC 9110, 13.1.2): a proxy that compresses may have made the tag a weak one. */
function hasIt(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').map((one) => one.trim().replace(/^W\//, '')).some((one) => one === tag || one === '*');
}
