import { ProviderError, type RelayState } from '@clientele/providers';
import type { Logger, Metrics } from '@clientele/service-kit';
import type { ReadableSource } from '../sources/source-book.ts';
import type { FeedSilence } from './feed-silence.ts';

/** What is wrong with a provider's feed, by its own account. */
export type FeedAlarm = 'error' | 'stopped' | 'silent';
const ALARMS: readonly FeedAlarm[] = ['error', 'stopped', 'silent'];

export interface FeedReport {
  /** RFC 3339, by our clock. */
  readonly askedAt: string;
  readonly alarms: readonly FeedAlarm[];
  readonly relays: readonly RelayState[];
}

export interface FeedWatchParts {
  readonly metrics: Metrics;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
  readonly silence: FeedSilence;
  readonly now: () => number;
}

const RUNNING = 'RUNNING';

/** Asks how the feeds of the sources say that they do, and tells when one stands, fails or says nothing. */
export class FeedWatch {
  readonly #parts: FeedWatchParts;
  readonly #reports = new Map<string, FeedReport>();
  readonly #alarm;
  readonly #relayed;

  constructor(parts: FeedWatchParts) {
    this.#parts = parts;
    this.#alarm = parts.metrics.gauge('feed_alarm', 'Whether the feed of a source stands (stopped), fails (error) or says nothing of what changes (silent)', ['source', 'alarm']);
    this.#relayed = parts.metrics.gauge('feed_last_relayed_seconds', 'When the feed of a source sent its last event, seconds since 1970', ['source']);
  }

  /** Of the last look of this process; null where there was none. */
  of(source: string): FeedReport | null {
    return this.#reports.get(source) ?? null;
  }

  /**
   * Where the quota has nothing left, what was last seen stands.
   * @throws ProviderError for one that cannot be asked now; UnavailableError
   */
  async look(source: ReadableSource): Promise<void> {
    if (!(await source.quota.spend('live', 1))) return;
    const { relays, at } = await this.#account(source);
    this.#note(source.id, relays, await this.#parts.silence.isSilent(source, at));
  }

  /** What the provider says of its feed, and when, by its clock. One that keeps no such account, or shows us none, leaves silence to tell. */
  async #account({ records }: ReadableSource): Promise<{ relays: readonly RelayState[] | null; at: number }> {
    try {
      const { relays, window } = await records.relayFeedback();
      return { relays, at: Date.parse(window.until) };
    } catch (error) {
      if (!(error instanceof ProviderError) || (error.kind !== 'not_found' && error.kind !== 'invalid')) throw error;
      return { relays: null, at: this.#parts.now() };
    }
  }

  /** For a source that another process leads now. */
  forget(source: string): void {
    this.#reports.delete(source);
    this.#parts.silence.forget(source);
    for (const alarm of ALARMS) this.#alarm.remove({ source, alarm });
    this.#relayed.remove({ source });
  }

  /** `relays`: null where nothing is known of them, neither that they do well nor that they do not. */
  #note(source: string, relays: readonly RelayState[] | null, isSilent: boolean): void {
    const { now, logger } = this.#parts;
    const alarms = feedAlarms(relays ?? [], isSilent);
    const before = this.#reports.get(source)?.alarms ?? [];
    this.#reports.set(source, { askedAt: new Date(now()).toISOString(), alarms, relays: relays ?? [] });
    for (const alarm of ALARMS) {
      if (relays === null && alarm !== 'silent') this.#alarm.remove({ source, alarm });
      else this.#alarm.set({ source, alarm }, alarms.includes(alarm) ? 1 : 0);
    }
    const relayed = lastRelayed(relays ?? []);
    if (relayed !== null) this.#relayed.set({ source }, relayed / 1000);
    else if (relays === null) this.#relayed.remove({ source });
    if (alarms.length > 0 && alarms.join() !== before.join()) logger.warn({ source, alarms, relays }, 'the feed of a source is not as it should be');
    const isWell = alarms.length === 0 && (relays !== null || before.every((alarm) => alarm === 'silent'));
    if (isWell && before.length > 0) logger.info({ source }, 'the feed of a source is well again');
  }
}

export function feedAlarms(relays: readonly RelayState[], isSilent: boolean): FeedAlarm[] {
  const alarms: FeedAlarm[] = [];
  if (relays.some(({ error, status }) => error !== null || status === 'ERROR')) alarms.push('error');
  if (relays.some(({ status }) => status !== null && status !== RUNNING && status !== 'ERROR')) alarms.push('stopped');
  if (isSilent) alarms.push('silent');
  return alarms;
}

function lastRelayed(relays: readonly RelayState[]): number | null {
  const times = relays.flatMap(({ lastRelayedAt }) => (lastRelayedAt === null ? [] : [Date.parse(lastRelayedAt)]));
  return times.length === 0 ? null : Math.max(...times);
}
