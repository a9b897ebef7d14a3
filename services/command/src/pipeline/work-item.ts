import type { Settlement } from '../handlers/command-handler.ts';
import type { ReceivedCommand } from '../lanes/received-command.ts';
import type { Admitted } from '../validation/validation-middleware.ts';
import type { RecordWork } from './record-work.ts';

/** One command on its way through the stages. Once it is settled, the stages that follow leave it alone. */
export class WorkItem {
  readonly received: ReceivedCommand;
  /** The way to its handler, from validation on. */
  admitted: Admitted | null = null;
  /** The record that it is about, from the identity mapping on. */
  record: RecordWork | null = null;
  settlement: Settlement | null = null;
  /** Whether it was parked because deciding it threw. */
  failedForBug = false;

  constructor(received: ReceivedCommand) {
    this.received = received;
  }
}
