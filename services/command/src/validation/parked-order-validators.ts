import type { DiscardParked, EditParked } from '@clientele/contracts';
import type { ParkedOrder } from '../handlers/parked-order.ts';
import { processCrmEventValidators } from './process-crm-event-validators.ts';
import type { Validator } from './validator.ts';

const ID = /^\d{8}-[A-Za-z0-9_-]{1,71}$/;

const anOrderNamesAnother: Validator<ParkedOrder> = {
  name: 'an order names another command',
  validate({ target, commandId }, result) {
    if (!ID.test(target)) result.addError('target', 'id', 'must be the id of a dead letter');
    if (target === commandId) result.addError('target', 'self', 'an order cannot be about itself');
  },
};

const anOrderHasAnIdOfItsOwn: Validator<ParkedOrder> = {
  name: 'an order has an id of its own',
  validate({ commandId }, result) {
    if (!ID.test(commandId)) result.addError('commandId', 'id', 'must begin with a day and a hyphen, YYYYMMDD-');
  },
};

const aReasonIsGiven: Validator<EditParked | DiscardParked> = {
  name: 'a reason is given',
  validate({ reason }, result) {
    if (reason.trim() === '') result.addError('reason', 'required', 'say why: it is kept beside what was done');
  },
};

const anEditIsOfTheSameChange: Validator<EditParked> = {
  name: 'an edit is of the same change',
  validate({ event, target, source, entity, external_id: externalId }, result) {
    const message = 'cannot be edited: discard the change, and let the source send another';
    if (event.id !== target) result.addError('event.id', 'fixed', message);
    if (event.source !== source) result.addError('event.source', 'fixed', message);
    if (event.entity !== entity) result.addError('event.entity', 'fixed', message);
    if ((event.external_id ?? null) !== externalId) result.addError('event.external_id', 'fixed', message);
  },
};

/** An edited change has to be as right as one that comes from a feed. */
function anEditedChangeIsValid(supportedProviders: readonly string[]): Validator<EditParked> {
  const validators = processCrmEventValidators(supportedProviders);
  return {
    name: 'an edited change is valid',
    validate({ event, target, provider, correlationId, receivedAt }, result) {
      const command = { type: 'ProcessCrmEvent' as const, schemaVersion: 1, commandId: target, provider, event, rawEvent: '', correlationId, receivedAt };
      for (const validator of validators) validator.validate(command, result);
    },
  };
}

const orderValidators: readonly Validator<ParkedOrder>[] = [anOrderHasAnIdOfItsOwn, anOrderNamesAnother];

export const redriveParkedValidators = orderValidators;
export const discardParkedValidators: readonly Validator<DiscardParked>[] = [...orderValidators, aReasonIsGiven];

export function editParkedValidators(supportedProviders: readonly string[]): readonly Validator<EditParked>[] {
  return [...orderValidators, aReasonIsGiven, anEditIsOfTheSameChange, anEditedChangeIsValid(supportedProviders)];
}
