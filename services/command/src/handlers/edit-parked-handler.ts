import type { EditParked } from '@clientele/contracts';
import type { WaitingCommand } from '@clientele/event-store';
import type { ReceivedCommand } from '../lanes/received-command.ts';
import type { Validated } from '../validation/validation-middleware.ts';
import { notParked, type OrderHandler, type Turn } from './parked-order.ts';

/** Has a parked change decided with another event in its place. */
export class EditParkedHandler implements OrderHandler<EditParked> {
  takeUp(order: Validated<EditParked>, { outcome }: WaitingCommand, original: ReceivedCommand): Turn {
    if (outcome !== 'parked') return notParked();
    if (!original.readable || original.command.type !== 'ProcessCrmEvent') {
      return { kind: 'refuse', errors: [{ path: 'target', code: 'not_a_change', message: 'only a change can be edited: redrive or discard it' }] };
    }
    const command: ReceivedCommand = { ...original, command: { ...original.command, event: order.event } };
    return { kind: 'decide', command, edit: { by: order.requestedBy, reason: order.reason } };
  }
}
