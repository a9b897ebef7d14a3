import type { RecordState } from '@clientele/domain';
import { LRUCache } from 'lru-cache';

const BYTES_OF_RECORD = 400;
/** A map entry, the field's object and the heads of its texts; the clock's text is shared by the fields of one change. */
const BYTES_OF_FIELD = 200;
const BYTES_OF_CHARACTER = 2;
const BYTES_OF_MEMBER = 32;

/**
 * The records that a lane decided last, by aggregate id. It lives as long as the lane's lease in this process, so nobody else writes to
 * these streams meanwhile; and if somebody did, the append's version check would say so.
 */
export class RecordCache {
  readonly #states: LRUCache<string, RecordState>;

  /** `maxBytes`: about the most memory that it takes, whatever the fields hold. A record larger than that is not kept. */
  constructor(maxBytes: number) {
    this.#states = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: bytesOfRecord,
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

function bytesOfRecord({ fields }: RecordState): number {
  let bytes = BYTES_OF_RECORD;
  for (const [path, { value }] of fields) bytes += BYTES_OF_FIELD + bytesOf(path) + bytesOf(value);
  return bytes;
}

/** What a value takes beside its own place. An exact number is an object that holds its digits as text. */
function bytesOf(value: unknown): number {
  if (typeof value === 'string') return BYTES_OF_CHARACTER * value.length;
  if (typeof value !== 'object' || value === null) return 0;
  const members: [string, unknown][] = Object.entries(value);
  return members.reduce((bytes, [key, member]) => bytes + BYTES_OF_MEMBER + bytesOf(key) + bytesOf(member), 0);
}
