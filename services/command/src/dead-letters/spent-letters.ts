import type { DueCommand } from '@clientele/event-store';
import type { Pool } from 'pg';
import { LedgerReader } from './ledger-reader.ts';

/** Of payloads as they are stored, at a time. */
const ENOUGH_BYTES = 1024 * 1024;

interface Place {
  readonly decidedAt: string;
  readonly id: string;
}

/** Parked work that had all its attempts, each once in the life of this object, the newest first. */
export class SpentLetters {
  readonly #ledger: LedgerReader;
  #after: Place | null = null;
  #seen: Place | null = null;
  #isOver = false;

  constructor(pool: Pick<Pool, 'query'>) {
    this.#ledger = new LedgerReader(pool);
  }

  /** The next so many, fewer where they are large; the same again until they are `told`, and none once all were. */
  async next(limit: number): Promise<readonly DueCommand[]> {
    this.#seen = this.#after;
    if (this.#isOver || limit <= 0) return [];
    const rows = await this.#ledger.rows<DueCommand & { decidedAt: string }>(
      `select command_id as "commandId", outcome, command_type as "commandType", provider, source, entity, external_id as "externalId", reason, attempts,
              to_char(received_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "receivedAt", payload::text as payload, errors,
              to_char(decided_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "decidedAt"
         from (
           select page.*, sum(pg_column_size(payload)) over (rows unbounded preceding) - pg_column_size(payload) as bytes_before from (
             select * from clientele.ledger
              where outcome in ('parked', 'quarantined') and outcome = 'parked' and payload is not null and next_attempt_at is null
                and ($1::timestamptz is null or (decided_at, command_id) < ($1, $2))
              order by decided_at desc nulls last, command_id desc nulls last limit $3
           ) page
         ) told where bytes_before < $4`,
      [this.#after?.decidedAt ?? null, this.#after?.id ?? null, limit, ENOUGH_BYTES],
    );
    const last = rows.at(-1);
    this.#isOver = last === undefined;
    if (last !== undefined) this.#seen = { decidedAt: last.decidedAt, id: last.commandId };
    return rows;
  }

  /** What `next` gave last was taken up. */
  told(): void {
    this.#after = this.#seen;
  }
}
