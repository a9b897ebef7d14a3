import type { Metrics } from '@clientele/service-kit';
import { CoalescedLookup } from '../database/coalesced-lookup.ts';
import type { Database } from '../database/database.ts';
import { inWords, SERVED_COLUMNS, type ServedRow } from './record-rows.ts';

const BY_ID = `select ${SERVED_COLUMNS} from published.records where id = any($1::uuid[])`;

/** Reads records by id; reads that are asked for together share a statement. */
export class RecordReader {
  readonly #rows: CoalescedLookup<string, ServedRow>;

  constructor(database: Database, metrics: Metrics) {
    const sizes = metrics.histogram(
      'query_lookup_batch_size',
      'Reads by id that shared a statement',
      [],
      [1, 2, 5, 10, 20, 50, 100, 200, 500],
    );
    this.#rows = new CoalescedLookup({
      keyOf: (id) => id,
      onBatch: (size) => sizes.observe(size),
      find: async (ids) => {
        const rows = await database.query<ServedRow>({ label: 'records_by_id', text: BY_ID, values: [ids], prepared: true });
        return new Map(rows.map((row) => [row.id, row]));
      },
    });
  }

  /** The record as JSON text, or null where there is none of that type. @throws UnavailableError */
  async byId(id: string, type: string): Promise<string | null> {
    const row = await this.#rows.get(id);
    return row?.type === type ? inWords(row) : null;
  }
}
