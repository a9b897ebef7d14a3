import { clockTime, dirtySince, effectiveFields, initialRecord, sameValue, type Clock, type Json, type RecordState } from '@clientele/domain';
import { keyText, uuidV7, type EventStore, type RecordStore, type WaitingCommand } from '@clientele/event-store';
import type { ErrorHandler } from '../errors/error-handler.ts';
import { settle, type Settlement } from '../handlers/command-handler.ts';
import { admitOrder, type Handlers } from '../handlers/handlers.ts';
import type { ParkedOrder } from '../handlers/parked-order.ts';
import { decide } from '../pipeline/stages/decide.ts';
import { RecordWork } from '../pipeline/record-work.ts';
import { TakeUp } from '../pipeline/take-up.ts';
import { WorkItem } from '../pipeline/work-item.ts';
import type { Would } from './dead-letter.ts';

export interface TrialParts {
  readonly store: Pick<EventStore, 'load'> & RecordStore;
  readonly handlers: Handlers;
  readonly errors: ErrorHandler;
  readonly now: () => Date;
}

/** Carries an order out on the record as it is stored, and keeps nothing of it. */
export class Trial {
  readonly #parts: TrialParts;
  readonly #takeUp: TakeUp;

  constructor(parts: TrialParts) {
    this.#parts = parts;
    this.#takeUp = new TakeUp(parts.handlers, parts.now);
  }

  /** Null where the command that the order names does not wait. @throws UnavailableError; NewerSchemaError for a record of later code. */
  async run(order: ParkedOrder): Promise<Would | null> {
    const { handlers, store } = this.#parts;
    const item = new WorkItem({ readable: true, commandId: order.commandId, command: order });
    const admission = admitOrder(handlers, order);
    if (!admission.isValid) return told(settle('rejected', 'validation', admission.errors), null, initialRecord);
    item.order = admission;
    const { key } = admission;
    const { parked, mappings } = await store.load({ keys: key === null ? [] : [key], commandIds: [], parked: [order.target] });
    const waiting = parked.get(order.target);
    if (waiting === undefined) return null;
    const aggregateId = key === null ? undefined : mappings.get(keyText(key));
    const before = aggregateId === undefined ? initialRecord : ((await store.readRecords([aggregateId])).get(aggregateId) ?? initialRecord);
    if (key !== null) {
      item.record = new RecordWork(key, { aggregateId: aggregateId ?? uuidV7(), isNew: aggregateId === undefined });
      item.record.loaded(before);
    }
    return told(this.#settlementOf(item, waiting), item.record, before);
  }

  #settlementOf(item: WorkItem, waiting: WaitingCommand): Settlement {
    try {
      this.#takeUp.run(item, waiting);
      item.settlement ??= item.admitted?.ruleOn() ?? null;
      if (item.settlement === null) decide(item);
      else if (item.settlement.outcome === 'parked') foresee(item, item.settlement);
      if (item.settlement === null) throw new Error(`no stage settled ${waiting.commandId}`);
      return item.settlement;
    } catch (error) {
      const disposition = this.#parts.errors.handleError(error, item.decided.readable ? item.decided.command : null);
      switch (disposition.kind) {
        case 'reject':
          return settle('rejected', 'validation', disposition.errors);
        case 'park':
          return settle('parked', disposition.reason, disposition.errors);
        case 'retry':
        case 'hold':
          throw error;
      }
    }
  }
}

/** What keeps it waiting may pass, as a time does: it is shown what it would do then, as far as that can be told. */
function foresee(item: WorkItem, ruling: Settlement): void {
  try {
    decide(item);
  } catch {
    // It cannot be decided yet, and that is what the ruling says.
  }
  item.settlement = ruling;
}

function told({ outcome, reason, errors, warnings }: Settlement, record: RecordWork | null, before: RecordState): Would {
  return {
    outcome, reason, errors: [...errors], warnings: [...warnings],
    events: (record?.events ?? []).map(({ type }) => type),
    changes: record === null ? [] : differences(before, record.state),
  };
}

function differences(before: RecordState, after: RecordState): Would['changes'] {
  const [one, other] = [shown(before), shown(after)];
  return [...new Set([...one.keys(), ...other.keys()])].sort().flatMap((path) => {
    const [was, is] = [one.get(path) ?? null, other.get(path) ?? null];
    return sameValue(was, is) ? [] : [{ path, before: was, after: is }];
  });
}

/** What is seen of a record; of one that is not known, nothing. */
function shown(state: RecordState) {
  if (state.version === 0) return new Map<string, Json>();
  const fields = Array.from(effectiveFields(state), ([path, { value }]): [string, Json] => [`fields.${path}`, value]);
  return new Map<string, Json>([...fields, ['lifecycle', state.lifecycle], ['complete', state.complete], ['dirty_since', timeOf(dirtySince(state))]]);
}

function timeOf(clock: Clock | null): string | null {
  return clock === null ? null : clockTime(clock);
}
