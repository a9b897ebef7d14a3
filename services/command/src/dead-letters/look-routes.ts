import { Problem } from '@clientele/contracts';
import { requireKey, type HttpServer } from '@clientele/service-kit';
import { DeadLetterDetail, DeadLetterGroups, DeadLetterGroupsQuery, DeadLetterPage, DeadLetterQuery } from './dead-letter.ts';
import { redriveOrder } from './orders.ts';
import { Id, letterOf, ordererOf, tagged, targetOf, type DeadLetterRouteParts } from './route-parts.ts';

/** Parked and quarantined work to look at, for people with an admin key. */
export function registerLookRoutes(app: HttpServer, parts: DeadLetterRouteParts): void {
  const { letters: store, trial, keys, now } = parts;
  const onRequest = requireKey(keys);
  app.get(
    '/dead-letters',
    {
      onRequest,
      schema: {
        ...tagged, summary: 'Parked changes and quarantined bodies, newest first', querystring: DeadLetterQuery, response: { 200: DeadLetterPage, default: Problem },
      },
    },
    async ({ query }) => {
      const { items, nextCursor, position } = await store.list(query);
      return { items, next_cursor: nextCursor, position };
    },
  );

  app.get(
    '/dead-letters/groups',
    {
      onRequest,
      schema: { ...tagged, summary: 'How many of each, largest first', querystring: DeadLetterGroupsQuery, response: { 200: DeadLetterGroups, default: Problem } },
    },
    async ({ query }) => ({ items: await store.groups(query) }),
  );

  app.get(
    '/dead-letters/:id',
    {
      onRequest,
      schema: {
        ...tagged, summary: 'One of them: whole payload, errors, edits, and what would become of it now', params: Id,
        response: { 200: DeadLetterDetail, default: Problem },
      },
    },
    async (request) => {
      const found = await letterOf(store, request.params.id);
      const order = redriveOrder(await targetOf(found, parts), ordererOf(request, now));
      return {
        ...found.letter, payload: found.payload, body_text: bodyText(found.payload), edits: found.edits,
        would: found.letter.outcome === 'parked' ? await trial.run(order) : null,
      };
    },
  );
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function bodyText(payload: unknown): string | null {
  if (typeof payload !== 'object' || payload === null || !('body' in payload) || typeof payload.body !== 'string') return null;
  try {
    return utf8.decode(Buffer.from(payload.body, 'base64'));
  } catch {
    return null; // bytes that are no text are shown in base64 alone
  }
}
