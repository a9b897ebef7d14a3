import { stringifyExact } from '@clientele/contracts';
import {
  ledgerDay, type CommitUnit, type LaneAdvance, type LedgerRow, type NewMapping, type NewOutcome, type StreamWrite,
} from '@clientele/event-store';
import type { Settlement } from '../handlers/command-handler.ts';
import { originOf, type ReceivedCommand } from '../lanes/received-command.ts';
import type { Batch } from './batch.ts';
import type { RecordWork } from './record-work.ts';
import type { WorkItem } from './work-item.ts';

/** Everything that a decided batch leaves, to commit or drop together. */
export function commitUnitOf(batch: Batch): CommitUnit {
  const settled = batch.items.map(settledItem);
  const moved = [...batch.records.values()].filter(({ events }) => events.length > 0);
  return {
    writes: moved.map(writeOf),
    outcomes: settled.filter(({ settlement }) => settlement.outcome !== 'applied').map((item) => outcomeOf(item, batch)),
    ledger: settled.map(ledgerRowOf),
    repeats: [...batch.repeats].map(([commandId, count]) => ({ commandId, count })),
    mappings: moved.filter(({ isNew }) => isNew).map(mappingOf),
    lane: advanceOf(batch),
  };
}

interface SettledItem {
  readonly received: ReceivedCommand;
  readonly settlement: Settlement;
  readonly aggregateId: string | null;
}

function settledItem({ received, settlement, record }: WorkItem): SettledItem {
  if (settlement === null) throw new Error(`change ${received.commandId} went through all stages and none settled it`);
  return { received, settlement, aggregateId: record !== null && record.state.version > 0 ? record.aggregateId : null };
}

function writeOf({ aggregateId, streamType, loadedVersion, commandId, events }: RecordWork): StreamWrite {
  if (streamType === null || commandId === null) throw new Error(`record ${aggregateId} has events and no command that made them`);
  return { streamId: aggregateId, streamType, expectedVersion: loadedVersion === 0 ? 'none' : loadedVersion, commandId, events };
}

function mappingOf({ key, aggregateId, commandId }: RecordWork): NewMapping {
  if (commandId === null) throw new Error(`record ${aggregateId} is new and no command made it`);
  return { ...key, aggregateId, linkedBy: commandId };
}

function outcomeOf({ received, settlement, aggregateId }: SettledItem, { session }: Batch): NewOutcome {
  const { provider, source, correlationId, receivedAt } = originOf(received);
  const isChange = received.readable && received.command.type === 'ProcessCrmEvent';
  // What kept a unit from being committed may be in the change itself; the payload, a text, has all of it.
  const event = isChange && session.caution.parkReason === null ? received.command.event : null;
  return { ...settlement, changeId: received.commandId, aggregateId, event, provider, source, correlationId, receivedAt };
}

function ledgerRowOf({ received, settlement, aggregateId }: SettledItem): LedgerRow {
  const { provider, source, receivedAt } = originOf(received);
  const { commandId } = received;
  const { outcome, reason, errors } = settlement;
  return {
    commandId, day: ledgerDay(commandId), provider, source, outcome, reason, errors, aggregateId, receivedAt,
    commandType: received.readable ? received.command.type : 'unreadable',
    payload: outcome === 'parked' || outcome === 'quarantined' ? payloadOf(received) : null,
  };
}

function payloadOf(received: ReceivedCommand): string {
  return received.readable ? stringifyExact(received.command) : received.payload;
}

function advanceOf({ session, work }: Batch): LaneAdvance {
  const { lane, epoch, position } = session;
  return { lane, epoch, from: position, to: work.to, publishers: work.count.advances(), pending: work.pending };
}
