import type { Command, DiscardParked, EditParked, Finding, RedriveParked } from '@clientele/contracts';
import type { RecordKey } from '@clientele/domain';
import type { WaitingCommand } from '@clientele/event-store';
import type { ReceivedCommand } from '../lanes/received-command.ts';
import type { Validated } from '../validation/validation-middleware.ts';
import { validate, type Validator } from '../validation/validator.ts';
import type { Settlement } from './command-handler.ts';

/** An order about a command that waits. */
export type ParkedOrder = RedriveParked | EditParked | DiscardParked;

export interface Edit {
  readonly by: string;
  readonly reason: string;
}

/** What an order does with the command that it names. */
export type Turn =
  /** It is decided as if it came now; `edit`: as somebody changed it. */
  | { readonly kind: 'decide'; readonly command: ReceivedCommand; readonly edit: Edit | null }
  /** What becomes of it is clear. */
  | { readonly kind: 'settle'; readonly settlement: Settlement }
  /** The order cannot be carried out; the command waits on as it was. */
  | { readonly kind: 'refuse'; readonly errors: readonly Finding[] };

/** Carries out one kind of order, without I/O. */
export interface OrderHandler<O extends ParkedOrder> {
  /** `original`: the waiting command, as it was read. */
  takeUp(order: Validated<O>, waiting: WaitingCommand, original: ReceivedCommand): Turn;
}

/** A valid order, before the command that it names is known. */
export interface AdmittedOrder {
  readonly isValid: true;
  /** The record of the command; null where it names none. */
  readonly key: RecordKey | null;
  readonly target: string;
  takeUp(waiting: WaitingCommand, original: ReceivedCommand): Turn;
}

export type AdmitOrder<O> = (order: O) => AdmittedOrder | { readonly isValid: false; readonly errors: readonly Finding[] };

export function isParkedOrder(command: Command): command is ParkedOrder {
  return command.type === 'RedriveParked' || command.type === 'EditParked' || command.type === 'DiscardParked';
}

/** Puts the validators before the handler; what it returns is the only way to reach it. */
export function orderMiddleware<O extends ParkedOrder>(validators: readonly Validator<O>[], handler: OrderHandler<O>): AdmitOrder<O> {
  return (order) => {
    const result = validate(order, validators);
    if (!hasPassed(order, result.isValid)) return { isValid: false, errors: result.errors };
    const { source, entity, external_id: externalId, target } = order;
    return {
      isValid: true,
      key: externalId === null ? null : { source, entity, externalId },
      target,
      takeUp: (waiting, original) => handler.takeUp(order, waiting, original),
    };
  };
}

function hasPassed<O>(_order: O, isValid: boolean): _order is Validated<O> {
  return isValid;
}

/** What is quarantined is no command that could be decided. */
export function notParked(): Turn {
  const message = 'it is quarantined: submit it again once what was wrong with it is mended, or discard it';
  return { kind: 'refuse', errors: [{ path: 'target', code: 'quarantined', message }] };
}
