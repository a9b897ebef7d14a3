import { setTimeout as sleep } from 'node:timers/promises';
import { connectSource, createPlan, noteSource } from '@clientele/event-store';
import type { Logger, Metrics } from '@clientele/service-kit';
import type { Pool } from 'pg';
import type { Batch } from '../pipeline/batch.ts';
import { planId, reconciliationPlan } from '../plans/new-plans.ts';
import { generationOf, isJump } from './generation.ts';
import type { SourceBook } from './source-book.ts';

interface Newest {
  readonly provider: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly generation: number | null;
}

export interface SourceWatchParts {
  readonly pool: Pool;
  readonly sources: Pick<SourceBook, 'find'>;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** How often what was seen is written down, ms (default 5 s). */
  readonly everyMs?: number;
}

const EVERY_MS = 5_000;
const MOST_AHEAD_MS = 300_000;
/** What was decided; a change that is parked or rejected may be of whatever time. */
const DECIDED = new Set(['applied', 'superseded', 'ignored']);

/** Follows the sources' own clocks and commit numbers in what is decided; raises an alarm where a source was moved, and has it compared. */
export class SourceWatch {
  readonly #parts: SourceWatchParts;
  readonly #jumps;
  #news = new Map<string, Newest>();

  constructor(parts: SourceWatchParts) {
    this.#parts = parts;
    this.#jumps = parts.metrics.counter('source_generation_jumps_total', 'Times that a source\'s commit numbers jumped: it was moved', ['source']);
  }

  /** Takes in what was committed. */
  seen({ items }: Batch): void {
    for (const { decided, settlement } of items) {
      if (!decided.readable || decided.command.type !== 'ProcessCrmEvent' || settlement === null || !DECIDED.has(settlement.outcome)) continue;
      const { provider, event: { source, metadata: { clock } } } = decided.command;
      const time = Date.parse(clock.commit_time);
      // A clock that is ahead would hide all that follows it.
      if (time > Date.now() + MOST_AHEAD_MS) continue;
      if (time >= (this.#news.get(source)?.time ?? 0)) this.#news.set(source, { provider, time, generation: generationOf(clock.commit_number) });
    }
  }

  /** Writes down what was seen, every few seconds, until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.#parts.everyMs ?? EVERY_MS, undefined, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
      await this.flush();
    }
  }

  async flush(): Promise<void> {
    const news = this.#news;
    this.#news = new Map();
    for (const [source, newest] of news) {
      try {
        await this.#note(source, newest);
      } catch (error) {
        this.#parts.logger.warn({ err: error, source }, 'what was seen of a source could not be written down; it is tried again');
        if (!this.#news.has(source)) this.#news.set(source, newest);
      }
    }
  }

  async #note(source: string, { provider, time, generation }: Newest): Promise<void> {
    const { pool } = this.#parts;
    // Before the first jump: a series that begins with it shows no increase.
    this.#jumps.inc({ source }, 0);
    const known = await connectSource(pool, source, provider);
    // Late ones still come with the numbers of before.
    if (known.lastChangeAt !== null && known.lastChangeAt.getTime() >= time) return;
    const before = known.generation === null ? null : Number(known.generation);
    if (before !== null && generation !== null && isJump(before, generation)) await this.#jumped(source, before, generation);
    await noteSource(pool, source, { lastChangeAt: new Date(time), ...(generation === null ? {} : { generation: String(generation) }) });
  }

  /** The plan comes first: whoever dies in between finds the jump again, and the plan there. */
  async #jumped(source: string, from: number, to: number): Promise<void> {
    const { pool, sources, logger } = this.#parts;
    const readable = sources.find(source);
    const change = `${from} to ${to} digits`;
    if (readable !== null) {
      const id = planId('generation jump', source, change);
      await createPlan(pool, reconciliationPlan(readable, { id, mode: 'full', records: null, cause: `generation jump: ${change}`, requestedBy: 'command' }));
    }
    this.#jumps.inc({ source });
    logger.error({ source, from, to, reconciled: readable !== null }, 'the commit numbers of a source jumped: it was moved, and changes may have been lost');
  }
}
