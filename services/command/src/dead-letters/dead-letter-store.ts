import type { Finding } from '@clientele/contracts';
import { ledgerDay } from '@clientele/event-store';
import type { Pool } from 'pg';
import type { DeadLetter, DeadLetterQuery } from './dead-letter.ts';
import { decodeCursor, encodeCursor } from './page-cursor.ts';

const OUTCOMES: readonly DeadLetter['outcome'][] = ['parked', 'quarantined'];
const PAGE = 50;

/** Times with all their digits, since a page begins where the one before ended. */
const COLUMNS = `command_id as id, outcome, reason, errors, command_type, provider, source, aggregate_id, repeats,
  to_char(received_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as received_at,
  to_char(decided_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as decided_at`;

interface DeadLetterRow extends Omit<DeadLetter, 'errors'> {
  readonly errors: Finding[];
}

export interface DeadLetterList {
  readonly items: DeadLetter[];
  readonly nextCursor: string | null;
  readonly position: string;
}

const BEGINNING = { decidedAt: null, id: null };

/** Parked and quarantined work, as the ledger holds it. */
export class DeadLetterStore {
  readonly #pool: Pick<Pool, 'query'>;

  constructor(pool: Pick<Pool, 'query'>) {
    this.#pool = pool;
  }

  /** A page, newest first. @throws ValidationError for a cursor that is not ours. */
  async list({ outcome, reason, source, provider, limit = PAGE, cursor }: DeadLetterQuery): Promise<DeadLetterList> {
    const outcomes = outcome === undefined ? OUTCOMES : [outcome];
    const { decidedAt, id } = cursor === undefined ? BEGINNING : decodeCursor(cursor);
    const { rows } = await this.#pool.query<DeadLetterRow>(
      `select ${COLUMNS} from clientele.ledger
        where outcome in ('parked', 'quarantined') and outcome = any($1)
          and ($2::text is null or reason = $2) and ($3::text is null or source = $3) and ($4::text is null or provider = $4)
          and ($5::timestamptz is null or (ledger.decided_at, command_id) < ($5, $6))
        order by ledger.decided_at desc nulls last, command_id desc nulls last limit $7`,
      [outcomes, reason ?? null, source ?? null, provider ?? null, decidedAt, id, limit + 1],
    );
    const head = await this.#pool.query<{ position: string }>('select position from published.log_head');
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return {
      items,
      nextCursor: rows.length > limit && last !== undefined ? encodeCursor({ decidedAt: last.decided_at, id: last.id }) : null,
      position: head.rows[0]?.position ?? '0',
    };
  }

  /** One with its payload; null where no open work has this id. */
  async find(id: string): Promise<{ letter: DeadLetter; payload: unknown } | null> {
    const { rows } = await this.#pool.query<DeadLetterRow & { payload: unknown }>(
      `select ${COLUMNS}, payload from clientele.ledger where command_id = $1 and day = $2 and outcome in ('parked', 'quarantined')`,
      [id, ledgerDay(id)],
    );
    const [row] = rows;
    if (row === undefined) return null;
    const { payload, ...letter } = row;
    return { letter, payload };
  }
}
