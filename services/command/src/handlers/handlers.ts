import type { Command, DiscardParked, EditParked, ProcessCrmEvent, QuarantineBody, RecordRead, RedriveParked } from '@clientele/contracts';
import type { Admission, Admit } from '../validation/validation-middleware.ts';
import { isParkedOrder, type AdmitOrder, type ParkedOrder } from './parked-order.ts';

/** A guarded handler for each kind of command. */
export interface Handlers {
  readonly ProcessCrmEvent: Admit<ProcessCrmEvent>;
  readonly QuarantineBody: Admit<QuarantineBody>;
  readonly RecordRead: Admit<RecordRead>;
  readonly RedriveParked: AdmitOrder<RedriveParked>;
  readonly EditParked: AdmitOrder<EditParked>;
  readonly DiscardParked: AdmitOrder<DiscardParked>;
}

/** @throws Error for an order, which is not decided itself: see {@link admitOrder}. */
export function admit(handlers: Handlers, command: Command): Admission {
  if (isParkedOrder(command)) throw new Error(`a ${command.type} came where a command to decide belongs`);
  switch (command.type) {
    case 'ProcessCrmEvent':
      return handlers.ProcessCrmEvent(command);
    case 'QuarantineBody':
      return handlers.QuarantineBody(command);
    case 'RecordRead':
      return handlers.RecordRead(command);
  }
}

export function admitOrder(handlers: Handlers, order: ParkedOrder): ReturnType<AdmitOrder<ParkedOrder>> {
  switch (order.type) {
    case 'RedriveParked':
      return handlers.RedriveParked(order);
    case 'EditParked':
      return handlers.EditParked(order);
    case 'DiscardParked':
      return handlers.DiscardParked(order);
  }
}
