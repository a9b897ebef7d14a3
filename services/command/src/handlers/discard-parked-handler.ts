import type { DiscardParked } from '@clientele/contracts';
import type { Validated } from '../validation/validation-middleware.ts';
import { settle } from './command-handler.ts';
import type { OrderHandler, Turn } from './parked-order.ts';

/** Gives up a command that waits, with the reason of whoever did. */
export class DiscardParkedHandler implements OrderHandler<DiscardParked> {
  takeUp({ reason }: Validated<DiscardParked>): Turn {
    return { kind: 'settle', settlement: settle('discarded', reason) };
  }
}
