import { stringifyExact, type Command, type EventWriteDTO } from '@clientele/contracts';
import {
  ledgerDay, type CommitUnit, type LaneAdvance, type LedgerRow, type NewMapping, type NewOutcome, type Resettlement, type StreamWrite,
} from '@clientele/event-store';
import type { RetrySchedule } from '../dead-letters/retry-schedule.ts';
import { settle, type Settlement } from '../handlers/command-handler.ts';
import { writeOfRead } from '../handlers/record-read-handler.ts';
import { originOf, type ReceivedCommand } from '../lanes/received-command.ts';
import type { Batch } from './batch.ts';
import type { RecordWork } from './record-work.ts';
import type { TakenUp, WorkItem } from './work-item.ts';

/** Everything that a decided batch leaves, to commit or drop together. */
export function commitUnitOf(batch: Batch, retries: RetrySchedule): CommitUnit {
  const settled = batch.items.map(settledItem);
  const turns = batch.items.flatMap(settledTurn);
  const moved = [...batch.records.values()].filter(({ events }) => events.length > 0);
  return {
    writes: moved.map(writeOf),
    outcomes: [...settled, ...turns].filter(leavesNoEvent).map((item) => outcomeOf(item, batch)),
    ledger: settled.map((item) => ledgerRowOf(item, retries)),
    resettled: turns.map((turn) => resettlementOf(turn, retries)),
    repeats: [...batch.repeats].map(([commandId, count]) => ({ commandId, count })),
    mappings: moved.filter(({ isNew }) => isNew).map(mappingOf),
    reads: [...batch.records.values()].flatMap(({ asked }) => asked),
    readings: batch.items.flatMap(({ admitted }) => admitted?.reading ?? []),
    plans: batch.items.flatMap(({ plans }) => plans),
    lane: advanceOf(batch),
  };
}

interface SettledItem {
  readonly commandId: string;
  readonly received: ReceivedCommand;
  readonly settlement: Settlement;
  readonly aggregateId: string | null;
}

interface SettledTurn extends SettledItem {
  readonly taken: TakenUp;
}

/** Of an order that was carried out the reason tells whether what it names waits on, or was found to be wrong. */
export const STILL_WAITING = 'still_waiting';
export const FOUND_WRONG = 'rejected';

function settledItem(item: WorkItem): SettledItem {
  const { received } = item;
  const [turn] = settledTurn(item);
  const settlement = turn === undefined ? settlementOf(item) : settle('applied', whatCameOf(turn.settlement));
  return { commandId: received.commandId, received, settlement, aggregateId: aggregateIdOf(item) };
}

/** What an order has done with the command that it names. An edit that is wrong is refused, and does nothing. */
function settledTurn(item: WorkItem): readonly SettledTurn[] {
  const { taken, decided } = item;
  const settlement = settlementOf(item);
  if (taken === null || (taken.edit !== null && settlement.outcome === 'rejected')) return [];
  return [{ commandId: taken.waiting.commandId, received: decided, settlement, aggregateId: aggregateIdOf(item), taken }];
}

function settlementOf({ received, settlement }: WorkItem): Settlement {
  if (settlement === null) throw new Error(`change ${received.commandId} went through all stages and none settled it`);
  return settlement;
}

function aggregateIdOf({ record }: WorkItem): string | null {
  return record !== null && record.state.version > 0 ? record.aggregateId : null;
}

function whatCameOf(settlement: Settlement): string | null {
  if (isWaiting(settlement)) return STILL_WAITING;
  return settlement.outcome === 'rejected' ? FOUND_WRONG : null;
}

function isWaiting({ outcome }: Settlement): boolean {
  return outcome === 'parked' || outcome === 'quarantined';
}

/** An order that was carried out leaves none either, but what it did is told of the command that it names. */
function leavesNoEvent({ settlement: { outcome } }: SettledItem): boolean {
  return outcome !== 'applied';
}

function writeOf({ aggregateId, streamType, loadedVersion, commandId, events }: RecordWork): StreamWrite {
  if (streamType === null || commandId === null) throw new Error(`record ${aggregateId} has events and no command that made them`);
  return { streamId: aggregateId, streamType, expectedVersion: loadedVersion === 0 ? 'none' : loadedVersion, commandId, events };
}

function mappingOf({ key, aggregateId, commandId }: RecordWork): NewMapping {
  if (commandId === null) throw new Error(`record ${aggregateId} is new and no command made it`);
  return { ...key, aggregateId, linkedBy: commandId };
}

function outcomeOf({ commandId, received, settlement, aggregateId }: SettledItem, { session }: Batch): NewOutcome {
  const { provider, source, correlationId, receivedAt } = originOf(received);
  // What kept a unit from being committed may be in the change itself; the payload, a text, has all of it.
  const event = received.readable && session.caution.parkReason === null ? writeToldOf(received.command) : null;
  return { ...settlement, changeId: commandId, aggregateId, event, provider, source, correlationId, receivedAt };
}

function writeToldOf(command: Command): EventWriteDTO | null {
  if (command.type === 'ProcessCrmEvent') return command.event;
  return command.type === 'RecordRead' ? writeOfRead(command) : null;
}

function ledgerRowOf({ commandId, received, settlement, aggregateId }: SettledItem, retries: RetrySchedule): LedgerRow {
  const { provider, source, receivedAt } = originOf(received);
  const { outcome, reason, errors } = settlement;
  const row: LedgerRow = {
    commandId, day: ledgerDay(commandId), provider, source, outcome, reason, errors, aggregateId, receivedAt, payload: null,
    commandType: received.readable ? received.command.type : 'unreadable',
  };
  return isWaiting(settlement) ? { ...row, payload: payloadOf(received), ...waitingOf(received, settlement, 0, retries) } : row;
}

/** What lists of waiting work, and its attempts, go by. */
function waitingOf(received: ReceivedCommand, { outcome, reason }: Settlement, attempts: number, retries: RetrySchedule) {
  const command = received.readable ? received.command : null;
  const { entity, external_id: externalId } = command?.type === 'ProcessCrmEvent' ? command.event
    : command?.type === 'RecordRead' ? command : { entity: null, external_id: null };
  return { entity, externalId: externalId ?? null, nextAttemptAt: outcome === 'parked' ? retries.next({ reason, attempts, command }) : null };
}

function resettlementOf({ taken: { waiting, edit }, received, settlement, aggregateId }: SettledTurn, retries: RetrySchedule): Resettlement {
  const { commandId, outcome: from, attempts: before } = waiting;
  const { outcome, reason, errors } = settlement;
  const attempts = before + (outcome === 'discarded' ? 0 : 1);
  return {
    commandId, day: ledgerDay(commandId), from, outcome, reason, errors, aggregateId, attempts,
    payload: edit !== null && isWaiting(settlement) ? payloadOf(received) : null,
    nextAttemptAt: waitingOf(received, settlement, attempts, retries).nextAttemptAt,
    ...(edit === null ? {} : { edited: edit }),
  };
}

function payloadOf(received: ReceivedCommand): string {
  return received.readable ? stringifyExact(received.command) : received.payload;
}

function advanceOf({ session, work }: Batch): LaneAdvance {
  const { lane, epoch, position } = session;
  return { lane, epoch, from: position, to: work.to, publishers: work.count.advances(), pending: work.pending };
}
