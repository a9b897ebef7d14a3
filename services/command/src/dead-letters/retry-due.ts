import { randomUUID } from 'node:crypto';
import type { EventDispatcher } from '@clientele/contracts';
import { dueParked, type EventStore } from '@clientele/event-store';
import type { Pool } from 'pg';
import type { Chore } from '../maintenance/maintenance.ts';
import { knownTargets } from './known-targets.ts';
import { redriveOrder } from './orders.ts';

/** So much a second and no more: what waits may be a hundred thousand, and must not keep new changes waiting. */
const EVERY_MS = 1_000;
const AT_MOST = 100;

export interface RetryDueParts {
  readonly pool: Pool;
  readonly store: Pick<EventStore, 'load'>;
  readonly dispatcher: EventDispatcher;
  readonly now: () => Date;
}

/** Orders another attempt for parked work that is due. One that was ordered and lost is due again in 5 minutes. */
export function retryDue({ pool, store, dispatcher, now }: RetryDueParts): Chore {
  return {
    name: 'due dead letters',
    everyMs: EVERY_MS,
    async run() {
      const due = await dueParked(pool, AT_MOST);
      const targets = await knownTargets(due.map(({ commandId, ...target }) => ({ id: commandId, ...target })), store, now);
      const orderer = { by: 'schedule', correlationId: randomUUID(), now: now() };
      await dispatcher.dispatch(targets.map((target) => redriveOrder(target, orderer)));
    },
  };
}
