import { initialRecord, type RecordKey, type RecordState } from '@clientele/domain';
import type { AskedRead, NewEvent } from '@clientele/event-store';
import type { RecordAppend } from '../handlers/command-handler.ts';
import type { AggregateIdentity } from '../identity/aggregate-ids.ts';

/** One record in a batch: its state as the batch's changes move it, and what they append, merged into one write. */
export class RecordWork {
  readonly key: RecordKey;
  readonly aggregateId: string;
  readonly isNew: boolean;
  readonly events: NewEvent[] = [];
  streamType: string | null = null;
  /** The first command that appends. */
  commandId: string | null = null;
  /** The version before the batch. */
  loadedVersion = 0;
  state: RecordState = initialRecord;
  /** Reads that it needs after what was decided so far. */
  asked: readonly AskedRead[] = [];

  constructor(key: RecordKey, { aggregateId, isNew }: AggregateIdentity) {
    this.key = key;
    this.aggregateId = aggregateId;
    this.isNew = isNew;
  }

  loaded(state: RecordState): void {
    this.state = state;
    this.loadedVersion = state.version;
  }

  append(commandId: string, { streamType, events, state }: RecordAppend): void {
    if (events.length === 0) return;
    this.commandId ??= commandId;
    this.streamType = streamType;
    this.events.push(...events);
    this.state = state;
  }

  /** What an earlier command asked for is asked no more once a later one ended the doubt; only the search for a survivor is apart from it. */
  ask(reads: readonly AskedRead[]): void {
    this.asked = [...this.asked.filter(({ reason }) => reason === 'survivor'), ...reads];
  }
}
