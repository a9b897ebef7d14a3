import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError, type EventDispatcher, type FaultPoint } from '@clientele/contracts';
import { connectSource, countReads, drawReadNumbers, releaseReads, rescheduleReads, takeReads } from '@clientele/event-store';
import { LeaseKeeper, type Lease, type Logger } from '@clientele/service-kit';
import type { Pool } from 'pg';
import type { ReadableSource } from '../sources/source-book.ts';
import type { ReadMetrics } from './read-metrics.ts';
import type { ReaderBoard } from './reader-board.ts';
import { ReaderFencedError, ReadingPublisher } from './reading-publisher.ts';
import { SourceReader } from './source-reader.ts';

export interface ReadersParts {
  readonly sources: readonly ReadableSource[];
  readonly pool: Pool;
  /** Of its own, so that leases are renewed however busy the other is. */
  readonly leasePool: Pool;
  readonly leaseTtlMs: number;
  readonly dispatcher: EventDispatcher;
  /** Whether the broker can be had: without it nothing that is read could be sent. */
  readonly connected: () => boolean;
  readonly board: ReaderBoard;
  readonly metrics: ReadMetrics;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly faultPoint: FaultPoint;
  readonly onBug: () => void;
  /** What else the leader of a source does, until its lease ends. */
  readonly alongside?: (source: ReadableSource, lease: Lease) => Promise<void>;
}

const MEASURE_EVERY_MS = 5_000;
const LEASE = 'reader:';

/** One reader for each source that can be read, in whichever process holds its lease; none where no source can be. */
export function ownReaders(parts: ReadersParts): LeaseKeeper[] {
  const { sources, leasePool, leaseTtlMs, logger } = parts;
  if (sources.length === 0) return [];
  const byLease = new Map(sources.map((source) => [`${LEASE}${source.id}`, source]));
  const keeper = new LeaseKeeper({
    pool: leasePool, group: 'readers', names: [...byLease.keys()], ttlMs: leaseTtlMs, logger,
    hold: async (lease) => {
      const source = byLease.get(lease.name);
      if (source !== undefined) await readUnder(lease, source, parts);
    },
  });
  return [keeper];
}

async function readUnder(lease: Lease, source: ReadableSource, parts: ReadersParts): Promise<void> {
  const { epoch } = lease;
  const { pool, dispatcher, now, faultPoint } = parts;
  const { id, provider } = source;
  await connectSource(pool, id, provider);
  await releaseReads(pool, id);
  const publisher = new ReadingPublisher({
    dispatcher, now, faultPoint,
    drawNumbers: async (_, count) => {
      const first = await drawReadNumbers(pool, id, epoch, count);
      if (first === null) throw new ReaderFencedError(`a later reader of ${id} is at work`);
      return first;
    },
  });
  const reader = new SourceReader({
    ...parts, source, publisher,
    queue: {
      take: async (lanes, limit) => {
        if (!parts.connected()) throw new UnavailableError('the broker is away');
        const reads = await takeReads(pool, { source: id, lanes, limit });
        if (reads.length > 0) faultPoint('reader.after-take');
        return reads;
      },
      putBack: async (reads) => await rescheduleReads(pool, reads),
    },
  });
  await together(lease.signal, [
    async (signal) => await reader.run(signal),
    async (signal) => await measure(source, parts, signal),
    async (signal) => await parts.alongside?.(source, { ...lease, signal }),
  ]);
}

/** All of it ends before the lease is given back, also where one part fails. @throws what failed first. */
async function together(signal: AbortSignal, parts: readonly ((signal: AbortSignal) => Promise<void>)[]): Promise<void> {
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const failures: unknown[] = [];
  await Promise.all(parts.map(async (part) => {
    try {
      await part(either);
    } catch (error) {
      failures.push(error);
      failed.abort();
    }
  }));
  if (failures.length > 0) throw failures[0];
}

/** Tells of the source while it is ours; that the database is away shows elsewhere. */
async function measure({ id, quota }: ReadableSource, { pool, metrics, logger, now }: ReadersParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      metrics.counted(id, await countReads(pool), now().getTime());
      metrics.spent(id, await quota.status());
    } catch (error) {
      logger.debug({ err: error, source: id }, 'reads could not be counted');
    }
    await sleep(MEASURE_EVERY_MS, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}
