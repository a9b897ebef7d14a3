import type { EventDispatcher } from '@clientele/contracts';
import type { EventStore } from '@clientele/event-store';
import { HttpProblem, securedByKey, type ApiKeys } from '@clientele/service-kit';
import { Type } from '@sinclair/typebox';
import type { FastifyRequest } from 'fastify';
import type { DeadLetterStore, WholeLetter } from './dead-letter-store.ts';
import { knownTargets } from './known-targets.ts';
import { LetterId } from './letter-filter.ts';
import type { Orderer, OrderTarget } from './orders.ts';
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

export const Id = Type.Object({ id: LetterId });
export const tagged = { tags: ['dead letters'], security: securedByKey };

/** @throws HttpProblem 404 for one that does not wait. */
export async function letterOf(store: DeadLetterStore, id: string): Promise<WholeLetter> {
  const found = await store.find(id);
  if (found === null) throw settled(id, await store.settledOutcome(id));
  return found;
}

/** Why there is none: `outcome` of one that waits no longer. */
export function settled(id: string, outcome: string | null): HttpProblem {
  if (outcome === null) return new HttpProblem(404, 'No parked or quarantined work has this id');
  const message = `GET /events/${id} of the query service tells what became of it`;
  return new HttpProblem(404, `It waits no longer: ${outcome}`, { errors: [{ path: 'id', code: 'settled', message }] });
}

export async function targetOf({ letter }: WholeLetter, { store, now }: DeadLetterRouteParts): Promise<OrderTarget> {
  const { id, provider, source, entity, external_id: externalId } = letter;
  const target = { id, provider, source, entity, externalId };
  return (await knownTargets([target], store, now))[0] ?? target;
}

export function ordererOf(request: Pick<FastifyRequest, 'id' | 'apiKey'>, now: () => Date): Orderer {
  return { by: request.apiKey?.name ?? '', correlationId: request.id, now: now() };
}
