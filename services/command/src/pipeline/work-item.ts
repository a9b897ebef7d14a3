import type { EventWriteDTO } from '@clientele/contracts';
import type { NewPlan, WaitingCommand } from '@clientele/event-store';
import type { Settlement } from '../handlers/command-handler.ts';
import type { AdmittedOrder, Edit } from '../handlers/parked-order.ts';
import type { ReceivedCommand } from '../lanes/received-command.ts';
import type { Admitted } from '../validation/validation-middleware.ts';
import type { RecordWork } from './record-work.ts';

/** A waiting command that an order takes up. */
export interface TakenUp {
  readonly waiting: WaitingCommand;
  /** Where the order changes the command before it is decided. */
  readonly edit: Edit | null;
  /** The change as it was before the edit; null where there is none. */
  readonly unedited: EventWriteDTO | null;
}

/** One command on its way through the stages. Once it is settled, the stages that follow leave it alone. */
export class WorkItem {
  readonly received: ReceivedCommand;
  /** What is decided: the command itself, or the waiting one that it, an order, takes up. */
  decided: ReceivedCommand;
  /** The way of an order to the command that it names, from validation on. */
  order: AdmittedOrder | null = null;
  /** What an order has taken up, from the identity mapping on: from then on the settlement is that of the waiting command. */
  taken: TakenUp | null = null;
  /** The way of what is decided to its handler, from validation on. */
  admitted: Admitted | null = null;
  /** The record that it is about, from the identity mapping on. */
  record: RecordWork | null = null;
  settlement: Settlement | null = null;
  /** Long work that it asks for. */
  plans: readonly NewPlan[] = [];
  /** Whether it was parked because deciding it threw. */
  failedForBug = false;

  constructor(received: ReceivedCommand) {
    this.received = received;
    this.decided = received;
  }
}
