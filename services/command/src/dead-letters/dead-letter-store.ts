import { parseWritten, type Finding } from '@clientele/contracts';
import { ledgerDay } from '@clientele/event-store';
import type { Pool } from 'pg';
import {
  isDimension, type DeadLetter, type DeadLetterGroups, type DeadLetterGroupsQuery, type DeadLetterQuery, type Dimension, type Edited,
} from './dead-letter.ts';
import { LedgerReader } from './ledger-reader.ts';
import { FILTERED, filterValues, WAITING_OUTCOMES } from './letter-filter.ts';
import { decodeCursor, encodeCursor } from './page-cursor.ts';

const PAGE = 50;
const MOST_GROUPS = 1000;

/** Times with all their digits, since a page begins where the one before ended. */
const TIME = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as ${column}`;
const COLUMNS = `command_id as id, outcome, reason, errors, command_type, provider, source, entity, external_id, aggregate_id, repeats, attempts,
  ${TIME('next_attempt_at')}, ${TIME('resubmitted_at')}, resubmitted_by, ${TIME('received_at')}, ${TIME('decided_at')}`;

const DIMENSION_SQL: Readonly<Record<Dimension, string>> = {
  reason: 'reason', provider: 'provider', source: 'source', entity: 'entity',
  age: `case when received_at > now() - interval '1 hour' then 'under_1h' when received_at > now() - interval '1 day' then 'under_1d'
             when received_at > now() - interval '7 days' then 'under_7d' else 'over_7d' end`,
};

interface DeadLetterRow extends Omit<DeadLetter, 'errors'> {
  readonly errors: Finding[];
}

export interface DeadLetterList {
  readonly items: DeadLetter[];
  readonly nextCursor: string | null;
  readonly position: string;
}

export interface WholeLetter {
  readonly letter: DeadLetter;
  readonly payload: unknown;
  readonly edits: Edited[];
}

const BEGINNING = { decidedAt: null, id: null };

/** Parked and quarantined work, as the ledger holds it. */
export class DeadLetterStore {
  readonly #ledger: LedgerReader;
  readonly #now: () => Date;

  constructor(pool: Pick<Pool, 'query'>, now: () => Date = () => new Date()) {
    this.#ledger = new LedgerReader(pool);
    this.#now = now;
  }

  /** A page, newest first. @throws ValidationError for a cursor that is not ours. */
  async list({ outcome, limit = PAGE, cursor, ...filter }: DeadLetterQuery): Promise<DeadLetterList> {
    const { decidedAt, id } = cursor === undefined ? BEGINNING : decodeCursor(cursor);
    const rows = await this.#ledger.rows<DeadLetterRow>(
      `select ${COLUMNS} from clientele.ledger
        where ${FILTERED} and ($7::timestamptz is null or (ledger.decided_at, command_id) < ($7, $8))
        order by ledger.decided_at desc nulls last, command_id desc nulls last limit $9`,
      [...filterValues(filter, outcome === undefined ? WAITING_OUTCOMES : [outcome], this.#now()), decidedAt, id, limit + 1],
    );
    const [head] = await this.#ledger.rows<{ position: string }>('select position from published.log_head');
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return {
      items,
      nextCursor: rows.length > limit && last !== undefined ? encodeCursor({ decidedAt: last.decided_at, id: last.id }) : null,
      position: head?.position ?? '0',
    };
  }

  async groups({ by = 'reason', outcome, ...filter }: DeadLetterGroupsQuery): Promise<DeadLetterGroups['items']> {
    const dimensions = [...new Set(by.split(',').filter(isDimension))];
    const columns = dimensions.map((name) => `${DIMENSION_SQL[name]} as ${name}`).join(', ');
    const rows = await this.#ledger.rows<DeadLetterGroups['items'][number]>(
      `select ${columns}, count(*)::int as count, to_json(min(received_at at time zone 'UTC')) #>> '{}' || 'Z' as oldest,
              to_json(max(received_at at time zone 'UTC')) #>> '{}' || 'Z' as newest
         from clientele.ledger where ${FILTERED} group by ${dimensions.map((_, index) => index + 1).join(', ')}
        order by count(*) desc, ${dimensions.map((_, index) => index + 1).join(', ')} limit ${MOST_GROUPS}`,
      [...filterValues(filter, outcome === undefined ? WAITING_OUTCOMES : [outcome], this.#now())],
    );
    return rows;
  }

  /** One with its payload, and what it was before it was edited; null where no open work has this id. */
  async find(id: string): Promise<WholeLetter | null> {
    const day = ledgerDay(id);
    const [row] = await this.#ledger.rows<DeadLetterRow & { payload_text: string | null }>(
      `select ${COLUMNS}, payload::text as payload_text from clientele.ledger where command_id = $1 and day = $2 and outcome in ('parked', 'quarantined')`,
      [id, day],
    );
    if (row === undefined) return null;
    const edits = await this.#ledger.rows<{ editor: string; reason: string; edited_at: Date; payload_text: string | null }>(
      'select editor, reason, edited_at, payload::text as payload_text from clientele.ledger_edits where command_id = $1 and day = $2 order by edited_at',
      [id, day],
    );
    const { payload_text: payload, ...letter } = row;
    return {
      letter, payload: parsed(payload),
      edits: edits.map((edit) => ({ by: edit.editor, reason: edit.reason, at: edit.edited_at.toISOString(), payload: parsed(edit.payload_text) })),
    };
  }

  /** What became of one that waits no longer; null where there is none. */
  async settledOutcome(id: string): Promise<string | null> {
    const [row] = await this.#ledger.rows<{ outcome: string }>(
      'select outcome from clientele.ledger where command_id = $1 and day = $2', [id, ledgerDay(id)],
    );
    return row?.outcome ?? null;
  }
}

function parsed(text: string | null): unknown {
  return text === null ? null : parseWritten(text);
}
