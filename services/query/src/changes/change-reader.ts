import { changeJson, dayOfChange, type ChangeRow, type LedgerFacts } from '@clientele/read-model';
import { CoalescedLookup } from '../database/coalesced-lookup.ts';
import type { Database } from '../database/database.ts';
import type { ViewPositions } from '../views/view-positions.ts';

/** A change id and the day that begins it: together the key of its row, in the view and in the ledger. */
interface ChangeKey {
  readonly id: string;
  readonly day: string;
}

// The days stand by themselves, so that the planner looks at their partitions alone; an id has but one day.
const CHANGES = `
  select c.day::text as day, c.id, c.event_type as "eventType", c.provider, c.source, c.entity, c.aggregate_type as "aggregateType",
    c.external_id as "externalId", c.data, c.metadata, c.occurred_at as "occurredAt", c.status, c.outcome, c.reason, c.errors, c.warnings,
    c.received_at as "receivedAt", c.processed_at as "processedAt", c.aggregate_id as "aggregateId", c.position
  from published.changes c where c.day = any ($1::date[]) and c.id = any ($2)`;

const LEDGER = `
  select l.command_id as id, l.repeats, l.attempts, l.next_attempt_at as "nextAttemptAt",
    l.outcome = 'applied' and l.command_type in ('RedriveParked', 'EditParked', 'DiscardParked') as "isDoneOrder"
  from published.ledger l where l.day = any ($1::date[]) and l.command_id = any ($2)`;

interface LedgerLine extends LedgerFacts {
  /** Whether it is no change, but what somebody ordered about one, and was carried out. */
  readonly isDoneOrder: boolean;
}

/** Of a change whose row the ledger no longer keeps. */
const FORGOTTEN: LedgerFacts = { repeats: 0, attempts: 0, nextAttemptAt: null };

/** What became of changes. */
export class ChangeReader {
  readonly #changes: CoalescedLookup<ChangeKey, ChangeRow>;
  readonly #ledger: CoalescedLookup<ChangeKey, LedgerLine>;
  readonly #views: ViewPositions;

  constructor({ database, eventLog, views }: { database: Database; eventLog: Database; views: ViewPositions }) {
    this.#views = views;
    this.#changes = new CoalescedLookup({
      keyOf: ({ id }) => id,
      find: async (keys) => {
        const rows = await database.query<ChangeRow>({ label: 'changes_by_id', text: CHANGES, values: columns(keys), prepared: true });
        return new Map(rows.map((row) => [row.id, row]));
      },
    });
    this.#ledger = new CoalescedLookup({
      keyOf: ({ id }) => id,
      find: async (keys) => {
        const rows = await eventLog.query<LedgerLine & { id: string }>({ label: 'ledger_by_id', text: LEDGER, values: columns(keys), prepared: true });
        return new Map(rows.map(({ id, repeats, ...facts }) => [id, { ...facts, repeats: Number(repeats) }]));
      },
    });
  }

  /**
   * The change as JSON text of its EventReadDTO; null while the view has not heard of it. With a signal, held until it is processed or
   * parked, or the signal aborts. @throws UnavailableError
   */
  async byId(id: string, signal: AbortSignal | null): Promise<string | null> {
    const day = dayOfChange(id);
    if (day === null) return null;
    const row = await this.#decided({ id, day }, signal);
    return row === null ? null : changeJson(row, (await this.#ledger.get({ id, day })) ?? FORGOTTEN);
  }

  /** Whether this is an order that was carried out: the log tells what it did, under the id of what it was about. @throws UnavailableError */
  async isDoneOrder(id: string): Promise<boolean> {
    const day = dayOfChange(id);
    return day !== null && ((await this.#ledger.get({ id, day }))?.isDoneOrder ?? false);
  }

  async #decided(key: ChangeKey, signal: AbortSignal | null): Promise<ChangeRow | null> {
    for (;;) {
      const { turn } = this.#views;
      const row = await this.#changes.get(key);
      if (signal === null || signal.aborted || (row !== null && row.status !== 'accepted')) return row;
      await this.#views.advanced(turn, signal);
    }
  }
}

function columns(keys: readonly ChangeKey[]): [string[], string[]] {
  return [[...new Set(keys.map(({ day }) => day))], keys.map(({ id }) => id)];
}
