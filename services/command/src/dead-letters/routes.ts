import { Problem } from '@clientele/contracts';
import { HttpProblem, requireKey, securedByKey, type ApiKeys, type HttpServer } from '@clientele/service-kit';
import { Type } from '@sinclair/typebox';
import { DeadLetterDetail, DeadLetterPage, DeadLetterQuery } from './dead-letter.ts';
import type { DeadLetterStore } from './dead-letter-store.ts';

/** Parked and quarantined work, for people with an admin key. */
export function registerDeadLetterRoutes(app: HttpServer, store: DeadLetterStore, keys: ApiKeys): void {
  const common = { tags: ['dead letters'], security: securedByKey };
  const onRequest = requireKey(keys);

  app.get(
    '/dead-letters',
    {
      onRequest,
      schema: {
        ...common,
        summary: 'Parked changes and quarantined bodies, newest first',
        querystring: DeadLetterQuery,
        response: { 200: DeadLetterPage, '4xx': Problem },
      },
    },
    async ({ query }) => {
      const { items, nextCursor, position } = await store.list(query);
      return { items, next_cursor: nextCursor, position };
    },
  );

  app.get(
    '/dead-letters/:id',
    {
      onRequest,
      schema: {
        ...common,
        summary: 'One of them, with its whole payload',
        params: Id,
        response: { 200: DeadLetterDetail, '4xx': Problem },
      },
    },
    async ({ params }) => {
      const found = await store.find(params.id);
      if (found === null) throw new HttpProblem(404, 'No parked or quarantined work has this id');
      return { ...found.letter, payload: found.payload, body_text: bodyText(found.payload) };
    },
  );
}

const Id = Type.Object({ id: Type.String({ minLength: 1, maxLength: 255 }) });

const utf8 = new TextDecoder('utf-8', { fatal: true });

function bodyText(payload: unknown): string | null {
  if (typeof payload !== 'object' || payload === null || !('body' in payload) || typeof payload.body !== 'string') return null;
  try {
    return utf8.decode(Buffer.from(payload.body, 'base64'));
  } catch {
    return null; // bytes that are no text are shown in base64 alone
  }
}
