import type { RedriveParked } from '@clientele/contracts';
import type { WaitingCommand } from '@clientele/event-store';
import type { ReceivedCommand } from '../lanes/received-command.ts';
import type { Validated } from '../validation/validation-middleware.ts';
import { settle } from './command-handler.ts';
import { notParked, type OrderHandler, type Turn } from './parked-order.ts';

/** Has a parked command decided as it stands. */
export class RedriveParkedHandler implements OrderHandler<RedriveParked> {
  takeUp(_order: Validated<RedriveParked>, { outcome }: WaitingCommand, original: ReceivedCommand): Turn {
    if (outcome !== 'parked') return notParked();
    if (!original.readable) return { kind: 'settle', settlement: settle('quarantined', 'unreadable_command', original.errors) };
    return { kind: 'decide', command: original, edit: null };
  }
}
