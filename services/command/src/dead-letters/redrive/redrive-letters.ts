import { ledgerDay } from '@clientele/event-store';
import type { Pool } from 'pg';
import { FOUND_WRONG, STILL_WAITING } from '../../pipeline/commit-unit.ts';
import { LedgerReader } from '../ledger-reader.ts';
import { FILTERED, filterValues, type LetterFilter } from '../letter-filter.ts';
import type { OrderTarget } from '../orders.ts';
import type { PageEnd } from '../page-cursor.ts';

export interface LetterPage {
  readonly targets: readonly OrderTarget[];
  /** Where the next page begins; null: there was nothing more. */
  readonly end: PageEnd | null;
}

export interface OrderResult {
  /** `superseded`: the dead letter did not wait any more. */
  readonly outcome: string;
  /** `still_waiting`: it failed again. `rejected`: it was found to be wrong, and is settled. */
  readonly reason: string | null;
}

/** `skipped`: nobody carried the order out, since the dead letter did not wait any more. */
export type RedriveTally = Readonly<Record<'succeeded' | 'failed' | 'rejected' | 'skipped', number>>;

/** What became of the dead letters of orders that were decided. */
export function tallyOf(results: Iterable<OrderResult>): RedriveTally {
  const all = [...results];
  const carriedOut = all.filter(({ outcome }) => outcome === 'applied');
  const failed = carriedOut.filter(({ reason }) => reason === STILL_WAITING).length;
  const rejected = carriedOut.filter(({ reason }) => reason === FOUND_WRONG).length;
  return { succeeded: carriedOut.length - failed - rejected, failed, rejected, skipped: all.length - carriedOut.length };
}

const TARGET = 'command_id as id, provider, source, entity, external_id as "externalId"';

/** Dead letters as a redrive takes them: page by page, and what became of the orders about them. */
export class RedriveLetters {
  readonly #ledger: LedgerReader;

  constructor(pool: Pick<Pool, 'query'>) {
    this.#ledger = new LedgerReader(pool);
  }

  /** How many are meant by the filter: parked before `until`. */
  async count(filter: LetterFilter, until: string): Promise<number> {
    const [row] = await this.#ledger.rows<{ count: number }>(
      `select count(*)::int as count from clientele.ledger where ${FILTERED} and ledger.decided_at <= $7`,
      [...filterValues(filter, ['parked'], new Date(until)), until],
    );
    return row?.count ?? 0;
  }

  /** The oldest come last. One that fails again keeps its place in the list, so no page tells it twice. */
  async page(filter: LetterFilter, until: string, after: PageEnd | null, limit: number): Promise<LetterPage> {
    const rows = await this.#ledger.rows<OrderTarget & { at: string }>(
      `select ${TARGET}, to_char(decided_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at from clientele.ledger
        where ${FILTERED} and ledger.decided_at <= $7 and ($8::timestamptz is null or (ledger.decided_at, command_id) < ($8, $9))
        order by ledger.decided_at desc nulls last, command_id desc nulls last limit $10`,
      [...filterValues(filter, ['parked'], new Date(until)), until, after?.decidedAt ?? null, after?.id ?? null, limit],
    );
    const last = rows.at(-1);
    return { targets: rows.map(({ at: _, ...target }) => target), end: last === undefined ? null : { decidedAt: last.at, id: last.id } };
  }

  /** Those of them that the ledger knows, in no order; with `parkedOnly` only those that wait as parked. */
  async byId(ids: readonly string[], options: { parkedOnly: boolean }): Promise<readonly OrderTarget[]> {
    const rows = await this.#ledger.rows<OrderTarget>(
      `select ${TARGET} from clientele.ledger where command_id = any($1) and day = any($2::date[]) and (not $3 or outcome = 'parked')`,
      [ids, ids.map(ledgerDay), options.parkedOnly],
    );
    return rows;
  }

  /** By the orders' ids; those that are not decided are absent. */
  async results(orderIds: readonly string[]): Promise<ReadonlyMap<string, OrderResult>> {
    const rows = await this.#ledger.rows<OrderResult & { id: string }>(
      'select command_id as id, outcome, reason from clientele.ledger where command_id = any($1) and day = any($2::date[])',
      [orderIds, orderIds.map(ledgerDay)],
    );
    return new Map(rows.map(({ id, ...result }) => [id, result]));
  }
}
