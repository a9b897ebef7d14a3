import type { Command, ProcessCrmEvent, QuarantineBody } from '@clientele/contracts';
import type { Admission, Admit } from '../validation/validation-middleware.ts';

/** A guarded handler for each kind of command. */
export interface Handlers {
  readonly ProcessCrmEvent: Admit<ProcessCrmEvent>;
  readonly QuarantineBody: Admit<QuarantineBody>;
}

export function admit(handlers: Handlers, command: Command): Admission {
  switch (command.type) {
    case 'ProcessCrmEvent':
      return handlers.ProcessCrmEvent(command);
    case 'QuarantineBody':
      return handlers.QuarantineBody(command);
    case 'RecordRead':
    case 'RedriveParked':
    case 'EditParked':
    case 'DiscardParked':
      throw new Error(`no handler for ${command.type} yet`);
  }
}
