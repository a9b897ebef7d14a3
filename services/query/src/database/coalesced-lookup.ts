import { UnavailableError } from '@clientele/contracts';

export interface CoalescedLookupOptions<K, V> {
  /** How a key is told from others. */
  readonly keyOf: (key: K) => string;
  /** Finds many at once; what it leaves out is not there. */
  readonly find: (keys: readonly K[]) => Promise<ReadonlyMap<string, V>>;
  /** Told of each statement, with the number of keys. */
  readonly onBatch?: (size: number) => void;
}

/** More statements at once do not answer sooner: they would only be smaller. */
const MOST_IN_FLIGHT = 2;
const MOST_IN_BATCH = 500;
const MOST_QUEUED = 20_000;

interface Asked<K, V> {
  readonly key: K;
  readonly answer: Promise<V | null>;
  readonly resolve: (value: V | null) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Answers single look-ups by few statements: all that are asked in one turn of the event loop, or while two statements are under way, go
 * together. No timer, so a look-up that is alone waits for nobody. An answer is never older than its question.
 */
export class CoalescedLookup<K, V> {
  readonly #options: CoalescedLookupOptions<K, V>;
  readonly #queue = new Map<string, Asked<K, V>>();
  #inFlight = 0;
  #scheduled = false;

  constructor(options: CoalescedLookupOptions<K, V>) {
    this.#options = options;
  }

  /** @throws UnavailableError when more are asked than the database answers. */
  async get(key: K): Promise<V | null> {
    const text = this.#options.keyOf(key);
    const asked = this.#queue.get(text) ?? this.#ask(text, key);
    return await asked.answer;
  }

  #ask(text: string, key: K): Asked<K, V> {
    if (this.#queue.size >= MOST_QUEUED) throw new UnavailableError('more is asked than the database answers');
    const asked = pending<K, V>(key);
    this.#queue.set(text, asked);
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#flush();
      });
    }
    return asked;
  }

  #flush(): void {
    while (this.#queue.size > 0 && this.#inFlight < MOST_IN_FLIGHT) {
      const batch = [...this.#queue].slice(0, MOST_IN_BATCH);
      for (const [text] of batch) this.#queue.delete(text);
      this.#inFlight += 1;
      void this.#answer(batch).finally(() => {
        this.#inFlight -= 1;
        this.#flush();
      });
    }
  }

  async #answer(batch: readonly [string, Asked<K, V>][]): Promise<void> {
    try {
      this.#options.onBatch?.(batch.length);
      const found = await this.#options.find(batch.map(([, { key }]) => key));
      for (const [text, { resolve }] of batch) resolve(found.get(text) ?? null);
    } catch (error) {
      // Whatever one of them has that the database does not take must not fail the others: alone, each shows whose it is.
      if (batch.length > 1 && !(error instanceof UnavailableError)) for (const one of batch) await this.#answer([one]);
      else for (const [, { reject }] of batch) reject(error);
    }
  }
}

function pending<K, V>(key: K): Asked<K, V> {
  let resolve: (value: V | null) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const answer = new Promise<V | null>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { key, answer, resolve, reject };
}
