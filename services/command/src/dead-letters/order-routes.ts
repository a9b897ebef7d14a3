import { parseExact, Problem, ValidationError, type EventWriteDTO } from '@clientele/contracts';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { HttpProblem, keyOf, requireKey, type HttpServer } from '@clientele/service-kit';
import type { ParkedOrder } from '../handlers/parked-order.ts';
import { decodeCommand } from '../lanes/decode-command.ts';
import { unusableValues } from '../lanes/unusable-values.ts';
import type { WholeLetter } from './dead-letter-store.ts';
import { DiscardRequest, EditReceipt, EditRequest, OrderReceipt, ResubmitReceipt } from './orders-dto.ts';
import { discardOrder, editOrder } from './orders.ts';
import { Id, letterOf, ordererOf, settled, tagged, targetOf, type DeadLetterRouteParts } from './route-parts.ts';

/** The largest change that ingest takes, as JSON that is written otherwise. */
const LARGEST_EDIT = 8 * 1024 * 1024;

/** What people with an admin key order about dead letters goes the way of every command. */
export async function registerOrderRoutes(app: HttpServer, parts: DeadLetterRouteParts): Promise<void> {
  // Numbers in a body keep their digits.
  await app.register(async (scope) => {
    scope.removeContentTypeParser('application/json');
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
      try {
        done(null, body === '' ? undefined : parseExact(String(body)));
      } catch {
        const message = 'The body is not JSON';
        done(new HttpProblem(400, message, { errors: [{ path: 'body', code: 'json', message }] }));
      }
    });
    registerOrders(scope.withTypeProvider<TypeBoxTypeProvider>(), parts);
  });
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
        response: { 202: EditReceipt, default: Problem },
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
      schema: { ...tagged, summary: 'Give one up, with a reason', params: Id, body: DiscardRequest, response: { 202: OrderReceipt, default: Problem } },
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
        response: { 202: ResubmitReceipt, default: Problem },
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

/** What could not be read off a lane must not be put on it. @throws ValidationError */
function requireUsable(order: ParkedOrder): void {
  const findings = unusableValues(order).map((finding) => ({ ...finding, path: finding.path.slice(1).replaceAll('/', '.') }));
  if (findings.length > 0) throw new ValidationError('The order holds what cannot be kept', findings);
}

function eventOf({ payload, letter }: WholeLetter, now: () => Date): EventWriteDTO {
  const received = letter.outcome === 'parked' ? decodeCommand(payload, now) : null;
  if (received?.readable === true && received.command.type === 'ProcessCrmEvent') return received.command.event;
  const message = letter.outcome === 'parked' ? 'redrive or discard it' : 'submit it again once what was wrong is mended, or discard it';
  throw new HttpProblem(409, 'Only a parked change can be edited', { errors: [{ path: 'id', code: 'not_a_change', message }] });
}
