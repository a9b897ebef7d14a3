import { NewerSchemaError, parseWritten, type EventWriteDTO, type Finding } from '@clientele/contracts';
import { keyText, type WaitingCommand } from '@clientele/event-store';
import type { RecordKey } from '@clientele/domain';
import { settle, type Settlement } from '../handlers/command-handler.ts';
import { admit, type Handlers } from '../handlers/handlers.ts';
import { isParkedOrder } from '../handlers/parked-order.ts';
import { decodeCommand } from '../lanes/decode-command.ts';
import type { ReceivedCommand } from '../lanes/received-command.ts';
import type { Admission } from '../validation/validation-middleware.ts';
import type { WorkItem } from './work-item.ts';

/** Puts a waiting command in the place of the order that names it, to go through the stages as if it came now. */
export class TakeUp {
  readonly #handlers: Handlers;
  readonly #now: () => Date;

  constructor(handlers: Handlers, now: () => Date) {
    this.#handlers = handlers;
    this.#now = now;
  }

  /** `waiting`: the command that the item's order names; undefined where none waits any more. */
  run(item: WorkItem, waiting: WaitingCommand | undefined): void {
    const { order } = item;
    if (order === null) return;
    if (waiting === undefined) {
      item.settlement = NOT_WAITING;
      return;
    }
    // From here on whatever goes wrong concerns the waiting command, which then waits on.
    item.taken = { waiting, edit: null, unedited: null };
    const original = this.#read(waiting);
    if (original === null) {
      item.settlement = OF_A_LATER_VERSION;
      return;
    }
    item.decided = original;
    this.#carryOut(item, waiting, original);
  }

  #carryOut(item: WorkItem, waiting: WaitingCommand, original: ReceivedCommand): void {
    const { order } = item;
    const turn = order?.takeUp(waiting, original);
    switch (turn?.kind) {
      case undefined:
        return;
      case 'settle':
        item.settlement = turn.settlement;
        return;
      case 'refuse':
        refuse(item, turn.errors);
        return;
      case 'decide': {
        item.decided = turn.command;
        item.taken = { waiting, edit: turn.edit, unedited: turn.edit === null ? null : eventOf(original) };
        const admission = this.#admit(turn.command);
        if (!admission.isValid) item.settlement = settle('rejected', 'validation', admission.errors);
        else if (sameRecord(admission.key, order?.key ?? null)) item.admitted = admission;
        else refuse(item, [{ path: 'external_id', code: 'other_record', message: 'the dead letter is about another record than the order says' }]);
      }
    }
  }

  #admit(received: ReceivedCommand): Admission {
    return received.readable ? admit(this.#handlers, received.command) : { isValid: false, errors: received.errors };
  }

  /** Null where only a later version of this code can read it. */
  #read({ commandId, payload }: WaitingCommand): ReceivedCommand | null {
    if (payload === null) throw new Error(`dead letter ${commandId} has no payload`);
    try {
      const received = decodeCommand(parseWritten(payload), this.#now);
      if (received.readable && isParkedOrder(received.command)) throw new Error(`an order is no dead letter: ${commandId}`);
      return received;
    } catch (error) {
      if (error instanceof NewerSchemaError) return null;
      throw error;
    }
  }
}

/** Only a later version of this code can read it. */
export const OF_A_LATER_VERSION: Settlement = settle('parked', 'newer_schema', [
  { path: '/schemaVersion', code: 'newer_schema', message: 'a later version of this service wrote it' },
]);
/** Somebody was faster: another order, or another attempt. */
export const NOT_WAITING: Settlement = settle('superseded', 'not_waiting');

/** The order is wrong, and the command that it names waits on as it was. */
function refuse(item: WorkItem, errors: readonly Finding[]): void {
  item.taken = null;
  item.decided = item.received;
  item.settlement = settle('rejected', 'validation', errors);
}

function eventOf(received: ReceivedCommand): EventWriteDTO | null {
  return received.readable && received.command.type === 'ProcessCrmEvent' ? received.command.event : null;
}

function sameRecord(one: RecordKey | null, other: RecordKey | null): boolean {
  return (one === null ? null : keyText(one)) === (other === null ? null : keyText(other));
}
