import type { LedgerRow } from '../event-store.ts';
import type { PreparedUnit } from '../prepared-unit.ts';
import type { Resettlement, WaitingCommand, WaitingOutcome } from '../waiting-work.ts';

interface Line {
  row: LedgerRow;
  repeats: number;
}

/** A payload that somebody replaced. */
export interface LedgerEdit {
  readonly commandId: string;
  readonly by: string;
  readonly reason: string;
  readonly payload: string | null;
}

/** The ledger and what belongs to it. */
export class MemoryLedger {
  readonly edits: LedgerEdit[] = [];
  readonly #lines = new Map<string, Line>();

  has(commandId: string): boolean {
    return this.#lines.has(commandId);
  }

  lines(): readonly Readonly<Line>[] {
    return [...this.#lines.values()].map((line) => ({ ...line }));
  }

  waiting(commandIds: readonly string[]): Map<string, WaitingCommand> {
    return new Map(commandIds.flatMap((commandId): [string, WaitingCommand][] => {
      const { row } = this.#lines.get(commandId) ?? {};
      if (row === undefined || !isWaiting(row.outcome)) return [];
      const { commandType, provider, source, entity = null, externalId = null, reason, attempts = 0, receivedAt, payload, outcome } = row;
      return [[commandId, {
        commandId, outcome, commandType, provider, source, entity, externalId, reason, attempts, receivedAt: new Date(receivedAt).toISOString(), payload,
      }]];
    }));
  }

  /** The first of those that do not wait as they should. */
  moved(resettled: readonly Resettlement[]): Resettlement | undefined {
    return resettled.find(({ commandId, from }) => this.#lines.get(commandId)?.row.outcome !== from);
  }

  store({ unit, ledger }: PreparedUnit): void {
    for (const { row, entity, externalId } of ledger) this.#lines.set(row.commandId, { row: { ...row, entity, externalId }, repeats: 0 });
    for (const resettlement of unit.resettled ?? []) this.#settle(resettlement);
    for (const { commandId, count } of unit.repeats) {
      const line = this.#lines.get(commandId);
      if (line !== undefined) line.repeats += count;
    }
  }

  #settle({ commandId, outcome, reason, errors, aggregateId, payload, nextAttemptAt, attempts, edited }: Resettlement): void {
    const line = this.#lines.get(commandId);
    if (line === undefined) throw new TypeError(`no row of command ${commandId}`);
    const { row } = line;
    if (edited !== undefined) this.edits.push({ commandId, ...edited, payload: row.payload });
    line.row = {
      ...row, outcome, reason, errors, nextAttemptAt, attempts, aggregateId: aggregateId ?? row.aggregateId,
      payload: isWaiting(outcome) ? payload ?? row.payload : payload,
    };
  }
}

function isWaiting(outcome: LedgerRow['outcome']): outcome is WaitingOutcome {
  return outcome === 'parked' || outcome === 'quarantined';
}
