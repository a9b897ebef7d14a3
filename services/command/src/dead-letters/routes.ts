import { parseExact, Problem, ValidationError, type EventDispatcher, type EventWriteDTO } from '@clientele/contracts';
import type { EventStore } from '@clientele/event-store';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { HttpProblem, keyOf, requireKey, securedByKey, type ApiKeys, type HttpServer } from '@clientele/service-kit';
import { Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import type { ParkedOrder } from '../handlers/parked-order.ts';
import { decodeCommand } from '../lanes/decode-command.ts';
import { unusableValues } from '../lanes/unusable-values.ts';
import { DeadLetterDetail, DeadLetterGroups, DeadLetterGroupsQuery, DeadLetterPage, DeadLetterQuery } from './dead-letter.ts';
import type { DeadLetterStore, WholeLetter } from './dead-letter-store.ts';
import { DiscardRequest, EditReceipt, EditRequest, OrderReceipt, ResubmitReceipt } from './orders-dto.ts';
import { LetterId } from './letter-filter.ts';
import { knownTargets } from './known-targets.ts';
import { discardOrder, editOrder, redriveOrder, type Orderer, type OrderTarget } from './orders.ts';
import type { Resubmitter } from './resubmit.ts';
import type { Trial } from './trial.ts';

export interface DeadLetterRouteParts {
  readonly letters: DeadLetterStore;
  readonly store: Pick<EventStore, 'load'>;
  readonly trial: Trial;
  readonly resubmitter: Resubmitter;
  readonly dispatcher: EventDispatcher;
  readonly keys: ApiKeys;
  readonly now: () => Date;
}

const Id = Type.Object({ id: LetterId });
/** The largest change that ingest takes, as JSON that is written otherwise. */
const LARGEST_EDIT = 8 * 1024 * 1024;
const tagged = { tags: ['dead letters'], security: securedByKey };

/** Parked and quarantined work, for people with an admin key. What they order goes the way of every command. */
export async function registerDeadLetterRoutes(app: HttpServer, parts: DeadLetterRouteParts): Promise<void> {
  registerLooks(app, parts);
  // Numbers in a body keep their digits.
  await app.register(async (scope) => {
    scope.removeContentTypeParser('application/json');
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
      try {
        done(null, parseExact(String(body)));
      } catch {
        const message = 'The body is not JSON';
        done(new HttpProblem(400, message, { errors: [{ path: 'body', code: 'json', message }] }));
      }
    });
    registerOrders(scope.withTypeProvider<TypeBoxTypeProvider>(), parts);
  });
}

function registerLooks(app: HttpServer, parts: DeadLetterRouteParts): void {
  const { letters: store, trial, keys, now } = parts;
  const onRequest = requireKey(keys);
  app.get(
    '/dead-letters',
    {
      onRequest,
      schema: {
        ...tagged, summary: 'Parked changes and quarantined bodies, newest first', querystring: DeadLetterQuery, response: { 200: DeadLetterPage, '4xx': Problem },
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
      schema: { ...tagged, summary: 'How many of each, largest first', querystring: DeadLetterGroupsQuery, response: { 200: DeadLetterGroups, '4xx': Problem } },
    },
    async ({ query }) => ({ items: await store.groups(query) }),
  );

  app.get(
    '/dead-letters/:id',
    {
      onRequest,
      schema: {
        ...tagged, summary: 'One of them: whole payload, errors, edits, and what would become of it now', params: Id,
        response: { 200: DeadLetterDetail, '4xx': Problem },
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

function registerOrders(app: HttpServer, parts: DeadLetterRouteParts): void {
  const { letters: store, trial, resubmitter, dispatcher, keys, now } = parts;
  const onRequest = requireKey(keys);
  app.patch(
    '/dead-letters/:id',
    {
      onRequest,
      bodyLimit: LARGEST_EDIT,
      schema: {
        ...tagged, summary: 'Decide a parked change with other content; the original is kept, and your key is named', params: Id, body: EditRequest,
        response: { 202: EditReceipt, '4xx': Problem },
      },
    },
    async (request, reply) => {
      const { event, reason } = request.body;
      const found = await letterOf(store, request.params.id);
      const order = editOrder(await targetOf(found, parts), ordererOf(request, now), { event: { ...eventOf(found, now), ...event }, reason });
      requireUsable(order);
      const would = await trial.run(order);
      if (would === null) throw settled(found.letter.id, null);
      if (would.outcome === 'rejected') throw new ValidationError('The change as edited is wrong', would.errors);
      await dispatcher.dispatch([order]);
      reply.code(202);
      return { id: found.letter.id, order_id: order.commandId, status: 'accepted' as const, would };
    },
  );

  app.post(
    '/dead-letters/:id/discard',
    {
      onRequest,
      schema: { ...tagged, summary: 'Give one up, with a reason', params: Id, body: DiscardRequest, response: { 202: OrderReceipt, '4xx': Problem } },
    },
    async (request, reply) => {
      const found = await letterOf(store, request.params.id);
      const order = discardOrder(await targetOf(found, parts), ordererOf(request, now), request.body.reason);
      requireUsable(order);
      await dispatcher.dispatch([order]);
      reply.code(202);
      return { id: found.letter.id, order_id: order.commandId, status: 'accepted' as const };
    },
  );

  app.post(
    '/dead-letters/:id/resubmit',
    {
      onRequest,
      schema: {
        ...tagged, summary: 'Send a quarantined body in again, once what was wrong is mended; it stays, marked', params: Id,
        response: { 202: ResubmitReceipt, '4xx': Problem },
      },
    },
    async (request, reply) => {
      const found = await letterOf(store, request.params.id);
      if (found.letter.outcome !== 'quarantined') {
        const message = 'POST /dead-letters/redrive has parked work decided again';
        throw new HttpProblem(409, 'Only what is quarantined is submitted again', { errors: [{ path: 'id', code: 'parked', message }] });
      }
      const changes = await resubmitter.resubmit(found, { by: keyOf(request)?.name ?? '', correlationId: request.id });
      reply.code(202);
      return { id: found.letter.id, changes: [...changes] };
    },
  );
}

async function letterOf(store: DeadLetterStore, id: string): Promise<WholeLetter> {
  const found = await store.find(id);
  if (found === null) throw settled(id, await store.settledOutcome(id));
  return found;
}

function settled(id: string, outcome: string | null): HttpProblem {
  if (outcome === null) return new HttpProblem(404, 'No parked or quarantined work has this id');
  const message = `GET /events/${id} of the query service tells what became of it`;
  return new HttpProblem(404, `It waits no longer: ${outcome}`, { errors: [{ path: 'id', code: 'settled', message }] });
}

async function targetOf({ letter }: WholeLetter, { store, now }: DeadLetterRouteParts): Promise<OrderTarget> {
  const { id, provider, source, entity, external_id: externalId } = letter;
  const target = { id, provider, source, entity, externalId };
  return (await knownTargets([target], store, now))[0] ?? target;
}

/** What could not be read off a lane must not be put on it. @throws ValidationError */
function requireUsable(order: ParkedOrder): void {
  const findings = unusableValues(order).map((finding) => ({ ...finding, path: finding.path.slice(1).replaceAll('/', '.') }));
  if (findings.length > 0) throw new ValidationError('The order holds what cannot be kept', findings);
}

function ordererOf(request: Pick<FastifyRequest, 'id' | 'apiKey'>, now: () => Date): Orderer {
  return { by: request.apiKey?.name ?? '', correlationId: request.id, now: now() };
}

function eventOf({ payload, letter }: WholeLetter, now: () => Date): EventWriteDTO {
  const received = letter.outcome === 'parked' ? decodeCommand(payload, now) : null;
  if (received?.readable === true && received.command.type === 'ProcessCrmEvent') return received.command.event;
  const message = letter.outcome === 'parked' ? 'redrive or discard it' : 'submit it again once what was wrong is mended, or discard it';
  throw new HttpProblem(409, 'Only a parked change can be edited', { errors: [{ path: 'id', code: 'not_a_change', message }] });
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
