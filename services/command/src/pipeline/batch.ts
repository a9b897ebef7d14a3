import type { CommitResult } from '@clientele/event-store';
import type { LaneSession } from '../lanes/lane-session.ts';
import type { LaneWork } from '../lanes/lane-work.ts';
import type { RecordWork } from './record-work.ts';
import { WorkItem } from './work-item.ts';

/** A unit of lane work on its way through the stages, from the beginning again after a conflict. */
export class Batch {
  readonly session: LaneSession;
  readonly work: LaneWork;
  /** Aggregates that lost so many races in this unit that their changes are parked. */
  readonly contended: ReadonlySet<string>;
  /** Each change once. */
  items: readonly WorkItem[];
  /** Change ids that came again, with how often. */
  readonly repeats = new Map<string, number>();
  /** By `keyText`. */
  readonly records = new Map<string, RecordWork>();
  result: CommitResult | null = null;

  constructor(session: LaneSession, work: LaneWork, contended: ReadonlySet<string>) {
    this.session = session;
    this.work = work;
    this.contended = contended;
    this.items = work.received.map((received) => new WorkItem(received));
  }

  /** What is not settled yet. */
  open(): readonly WorkItem[] {
    return this.items.filter(({ settlement }) => settlement === null);
  }

  repeated({ received: { commandId } }: WorkItem): void {
    this.repeats.set(commandId, (this.repeats.get(commandId) ?? 0) + 1);
  }
}
