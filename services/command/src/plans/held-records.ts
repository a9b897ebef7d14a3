import { initialRecord, type RecordState } from '@clientele/domain';
import {
  countKnownRecords, keyText, listKnownRecords, sampleKnownRecords, type EventStore, type KnownRecord, type RecordStore,
} from '@clientele/event-store';
import type { Pool } from 'pg';

/** A record as the log tells it. */
export interface HeldRecord {
  readonly externalId: string;
  readonly state: RecordState;
}

/** States of so many records are in memory at a time. */
const FOUND_AT_ONCE = 500;

/** What we hold of a source: read from the log itself, since views are copies that may be wrong in their own ways. */
export class HeldRecords {
  readonly #pool: Pool;
  readonly #store: Pick<EventStore, 'load'> & RecordStore;

  constructor(pool: Pool, store: Pick<EventStore, 'load'> & RecordStore) {
    this.#pool = pool;
    this.#store = store;
  }

  /** A page by external id; one shorter than `limit` is the last. */
  async list(source: string, entity: string, after: string | null, limit: number): Promise<HeldRecord[]> {
    return await this.#stated(await listKnownRecords(this.#pool, { source, entity, after, limit }));
  }

  async sample(source: string, entity: string, seed: string, limit: number): Promise<HeldRecord[]> {
    return await this.#stated(await sampleKnownRecords(this.#pool, { source, entity, seed, limit }));
  }

  /** By external id; a record that is not known is absent. */
  async find(source: string, entity: string, externalIds: readonly string[]): Promise<ReadonlyMap<string, RecordState>> {
    if (externalIds.length === 0) return new Map();
    const keys = externalIds.map((externalId) => ({ source, entity, externalId }));
    const { mappings } = await this.#store.load({ keys, commandIds: [] });
    const known = keys.flatMap((key): KnownRecord[] => {
      const aggregateId = mappings.get(keyText(key));
      return aggregateId === undefined ? [] : [{ externalId: key.externalId, aggregateId }];
    });
    return new Map((await this.#stated(known)).map(({ externalId, state }) => [externalId, state]));
  }

  /** Those of the ids, any number of them, of which we hold no record that is as wanted. */
  async without(source: string, entity: string, externalIds: readonly string[], isWanted: (state: RecordState) => boolean): Promise<string[]> {
    const left: string[] = [];
    for (let at = 0; at < externalIds.length; at += FOUND_AT_ONCE) {
      const ids = externalIds.slice(at, at + FOUND_AT_ONCE);
      const states = await this.find(source, entity, ids);
      left.push(...ids.filter((id) => !isWanted(states.get(id) ?? initialRecord)));
    }
    return left;
  }

  async count(source: string, entity: string): Promise<number> {
    return await countKnownRecords(this.#pool, { source, entity });
  }

  /** Whether all of these commands were decided. */
  async areDecided(commandIds: readonly string[]): Promise<boolean> {
    if (commandIds.length === 0) return true;
    const { known } = await this.#store.load({ keys: [], commandIds });
    return commandIds.every((id) => known.has(id));
  }

  async #stated(known: readonly KnownRecord[]): Promise<HeldRecord[]> {
    if (known.length === 0) return [];
    const states = await this.#store.readRecords(known.map(({ aggregateId }) => aggregateId));
    return known.map(({ externalId, aggregateId }) => ({ externalId, state: states.get(aggregateId) ?? initialRecord }));
  }
}
