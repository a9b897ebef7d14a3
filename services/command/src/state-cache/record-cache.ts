import type { RecordState } from '@clientele/domain';
import { LRUCache } from 'lru-cache';

const BYTES_OF_RECORD = 400;
/** A map entry, the field's object and a short value; the clock's text is shared by the fields of one change. */
const BYTES_OF_FIELD = 200;

/**
 * The records that a lane decided last, by aggregate id. It lives as long as the lane's lease in this process, so nobody else writes to
 * these streams meanwhile; and if somebody did, the append's version check would say so.
 */
export class RecordCache {
  readonly #states: LRUCache<string, RecordState>;

  /** `maxBytes`: about the most memory that it takes. */
  constructor(maxBytes: number) {
    this.#states = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: (state) => BYTES_OF_RECORD + BYTES_OF_FIELD * state.fields.size,
    });
  }

  get(aggregateId: string): RecordState | undefined {
    return this.#states.get(aggregateId);
  }

  put(aggregateId: string, state: RecordState): void {
    this.#states.set(aggregateId, state);
  }

  evict(aggregateId: string): void {
    this.#states.delete(aggregateId);
  }
}
