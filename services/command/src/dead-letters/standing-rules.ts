import { isDeepStrictEqual } from 'node:util';
import { NewerSchemaError, parseWritten } from '@clientele/contracts';
import type { DueCommand } from '@clientele/event-store';
import type { Settlement } from '../handlers/command-handler.ts';
import { admit, type Handlers } from '../handlers/handlers.ts';
import { isParkedOrder } from '../handlers/parked-order.ts';
import { decodeCommand } from '../lanes/decode-command.ts';
import { OF_A_LATER_VERSION } from '../pipeline/take-up.ts';

/** What can be said of parked work without its record: whether all that the rules go by (code, configuration, clock) is as it was. */
export class StandingRules {
  readonly #handlers: Handlers;
  readonly #now: () => Date;

  constructor(handlers: Handlers, now: () => Date) {
    this.#handlers = handlers;
    this.#now = now;
  }

  /** Whether an attempt would be parked for just what the last one was. False also where only deciding it tells. */
  keepWaiting({ payload, reason, errors }: Pick<DueCommand, 'payload' | 'reason' | 'errors'>): boolean {
    if (payload === null) return false;
    try {
      const ruling = this.#rulingOn(payload);
      return ruling?.outcome === 'parked' && ruling.reason === reason && isDeepStrictEqual(ruling.errors, errors);
    } catch {
      return false; // the attempt fails in the same way, and tells of it
    }
  }

  #rulingOn(payload: string): Settlement | null {
    const command = this.#read(payload);
    if (command === 'newer') return OF_A_LATER_VERSION;
    if (command === null) return null;
    const admission = admit(this.#handlers, command);
    return admission.isValid ? admission.ruleOn() : null;
  }

  #read(payload: string) {
    try {
      const received = decodeCommand(parseWritten(payload), this.#now);
      return received.readable && !isParkedOrder(received.command) ? received.command : null;
    } catch (error) {
      if (error instanceof NewerSchemaError) return 'newer';
      throw error;
    }
  }
}
