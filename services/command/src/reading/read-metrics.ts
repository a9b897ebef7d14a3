import { READ_LANES, type ReadCount, type Rescheduled } from '@clientele/event-store';
import type { Metrics } from '@clientele/service-kit';
import type { QuotaStatus } from '../quota/governor.ts';
import type { SourceBook } from '../sources/source-book.ts';
import { READER_STATES, type ReaderBoard } from './reader-board.ts';

const READ_STATES = ['open', 'taken', 'given_up'] as const;

/** What reading tells of itself. */
export class ReadMetrics {
  readonly #looks;
  readonly #open;
  readonly #oldest;
  readonly #quota;

  constructor(metrics: Metrics, sources: Pick<SourceBook, 'readable'>, board: ReaderBoard) {
    this.#looks = metrics.counter('reads_total', 'Reads of records that were asked for', ['source', 'result']);
    // There from the start: a series that begins with the first that is given up shows no increase.
    for (const { id } of sources.readable()) this.read(id, 0, []);
    this.#open = metrics.gauge('reads_wanted', 'Reads that are wanted', ['source', 'lane', 'state']);
    this.#oldest = metrics.gauge('reads_oldest_due_seconds', 'For how long the read that is due longest has been so', ['source']);
    this.#quota = metrics.gauge('quota_calls', 'API calls: spent by us in 24 hours, what we may, what is left; used of the account, and its limit', ['source', 'what']);
    metrics.gauge('source_reader', 'The state of the reader of a source in this process', ['source', 'state'], (gauge) => {
      for (const { id } of sources.readable()) for (const state of READER_STATES) gauge.set({ source: id, state }, board.of(id).state.kind === state ? 1 : 0);
    });
    metrics.gauge('source_breaker_open', 'Whether calls to a source are held back because the last ones failed', ['source'], (gauge) => {
      for (const { id, records } of sources.readable()) gauge.set({ source: id }, records.breaker().state === 'closed' ? 0 : 1);
    });
  }

  /** @param again those that were not answered. */
  read(source: string, answered: number, again: readonly Rescheduled[]): void {
    const givenUp = again.filter(({ giveUp }) => giveUp === true).length;
    this.#looks.inc({ source, result: 'answered' }, answered);
    this.#looks.inc({ source, result: 'again' }, again.length - givenUp);
    this.#looks.inc({ source, result: 'given_up' }, givenUp);
  }

  counted(source: string, counts: readonly ReadCount[], now: number): void {
    for (const lane of READ_LANES) {
      for (const state of READ_STATES) {
        this.#open.set({ source, lane, state }, counts.find((one) => one.source === source && one.lane === lane && one.state === state)?.count ?? 0);
      }
    }
    const due = counts.flatMap((one) => (one.source === source && one.state === 'open' && one.firstDueAt !== null ? [one.firstDueAt.getTime()] : []));
    this.#oldest.set({ source }, Math.max(0, (now - Math.min(now, ...due)) / 1000));
  }

  spent(source: string, { spent, budget, left, account }: QuotaStatus): void {
    for (const lane of READ_LANES) this.#quota.set({ source, what: `spent_${lane}` }, spent[lane]);
    const told = { budget, left, account_used: account?.used ?? null, account_max: account?.max ?? null };
    for (const [what, value] of Object.entries(told)) if (value !== null) this.#quota.set({ source, what }, value);
  }
}
