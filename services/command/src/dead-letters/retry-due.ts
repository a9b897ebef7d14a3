import { randomUUID } from 'node:crypto';
import type { EventDispatcher } from '@clientele/contracts';
import { dueParked, postponeParked, type EventStore, type Postponement, type WaitingCommand } from '@clientele/event-store';
import type { Pool } from 'pg';
import type { Handlers } from '../handlers/handlers.ts';
import type { Chore } from '../maintenance/maintenance.ts';
import { knownTargets } from './known-targets.ts';
import { redriveOrder } from './orders.ts';
import { RetrySchedule } from './retry-schedule.ts';
import { SpentLetters } from './spent-letters.ts';
import { StandingRules } from './standing-rules.ts';

/** So much a second and no more: what waits may be a hundred thousand, and must not keep new changes waiting. */
const EVERY_MS = 1_000;
const AT_MOST = 100;
/** What was ordered is decided by then, or was lost. */
const ORDERED_FOR_MS = 5 * 60_000;

export interface RetryDueParts {
  readonly pool: Pool;
  readonly store: Pick<EventStore, 'load'>;
  readonly handlers: Handlers;
  readonly dispatcher: EventDispatcher;
  readonly now: () => Date;
}

/**
 * Gives parked work that is due another attempt, and after each start one to what has had all of them: another version or configuration may
 * decide it. Only what may come out otherwise is ordered, and costs what a change costs; where the rules alone tell that nothing has changed,
 * the attempt is counted and that is all.
 */
export function retryDue({ pool, store, handlers, dispatcher, now }: RetryDueParts): Chore {
  const retries = new RetrySchedule(now);
  const rules = new StandingRules(handlers, now);
  const spentLetters = new SpentLetters(pool);

  const ordered = ({ commandId, attempts }: WaitingCommand): Postponement =>
    ({ commandId, attempts, nextAttemptAt: new Date(now().getTime() + ORDERED_FOR_MS).toISOString() });
  const failedAgain = ({ commandId, reason, attempts: before }: WaitingCommand): Postponement => {
    const attempts = before + 1;
    return { commandId, attempts, nextAttemptAt: retries.next({ reason, attempts, command: null }) };
  };

  return {
    name: 'due dead letters',
    everyMs: EVERY_MS,
    async run() {
      const due = await dueParked(pool, AT_MOST);
      const spent = await spentLetters.next(AT_MOST - due.length);
      const hopeful = new Set([...due, ...spent].filter((letter) => !rules.keepWaiting(letter)));
      const putOff = await postponeParked(pool, due.map((letter) => (hopeful.has(letter) ? ordered(letter) : failedAgain(letter))));
      const taken = [...hopeful].filter((letter) => spent.includes(letter) || putOff.has(letter.commandId));
      const targets = await knownTargets(taken.map(({ commandId: id, ...target }) => ({ id, ...target })), store, now);
      const orderer = { by: 'schedule', correlationId: randomUUID(), now: now() };
      await dispatcher.dispatch(targets.map((target) => redriveOrder(target, orderer)));
      spentLetters.told();
    },
  };
}
