import type { LaneName } from '@clientele/contracts';
import type { Pool } from 'pg';
import type { LaneCheckpoint, LaneCheckpoints } from './lane-checkpoints.ts';

interface Row {
  readonly incarnation: string | null;
  readonly sequence: string | null;
  readonly publishers: string[];
  readonly next_numbers: string[];
}

/** Checkpoints in the write database; they are moved by the append, in the transaction of what was decided. */
export class PostgresLaneCheckpoints implements LaneCheckpoints {
  readonly #pool: Pick<Pool, 'query'>;

  constructor(pool: Pick<Pool, 'query'>) {
    this.#pool = pool;
  }

  async load(lane: LaneName): Promise<LaneCheckpoint> {
    // One statement: position and numbers must be of one moment.
    const { rows } = await this.#pool.query<Row>(
      `select c.incarnation, c.sequence,
              array(select publisher from clientele.lane_publishers p where p.lane = c.lane order by publisher) as publishers,
              array(select next_number from clientele.lane_publishers p where p.lane = c.lane order by publisher) as next_numbers
         from clientele.lane_checkpoints c where c.lane = $1`,
      [lane],
    );
    const { incarnation = null, sequence = null, publishers = [], next_numbers: numbers = [] } = rows[0] ?? {};
    return {
      position: incarnation === null || sequence === null ? null : { incarnation, sequence: Number(sequence) },
      publishers: new Map(publishers.map((publisher, index) => [publisher, Number(numbers[index])])),
    };
  }
}
