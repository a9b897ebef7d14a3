import type { EventDispatcher, FaultPoint } from '@clientele/contracts';
import { connectSource, type EventStore, type RecordStore } from '@clientele/event-store';
import type { ApiKeys, HttpServer, Lease, Logger, Metrics } from '@clientele/service-kit';
import type { Pool } from 'pg';
import type { CommandSettings } from '../settings.ts';
import type { ReadableSource, SourceBook } from '../sources/source-book.ts';
import { FeedSilence } from './feed-silence.ts';
import { FeedWatch } from './feed-watch.ts';
import { HeldRecords } from './held-records.ts';
import { registerDriftRoutes } from './http/drift-routes.ts';
import { registerPlanRoutes } from './http/plan-routes.ts';
import { PlanMetrics } from './plan-metrics.ts';
import { PlanRunner } from './plan-runner.ts';
import { PlanTurn } from './plan-turn.ts';
import { SendReadings } from './send-readings.ts';
import { SourceWork } from './source-work.ts';

type Settings = Pick<
  CommandSettings,
  'LANES' | 'LOAD_ON_CONNECT' | 'PLAN_PAGE_RECORDS' | 'SAMPLE_EVERY_MINUTES' | 'SAMPLE_RECORDS' | 'COMPARE_EVERY_HOURS' | 'FEED_LOOK_SECONDS' | 'FEED_SILENT_MINUTES'
>;

export interface LongWorkParts {
  readonly settings: Settings;
  readonly pool: Pool;
  readonly store: EventStore & RecordStore;
  readonly sources: SourceBook;
  /** Of its own, so that what it sends in bulk never stands in the way of single reads. */
  readonly dispatcher: EventDispatcher;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly faultPoint: FaultPoint;
}

export interface LongWork {
  /** What the leader of a source does beside single reads, until its lease ends. */
  readonly run: (source: ReadableSource, lease: Lease) => Promise<void>;
  readonly registerRoutes: (http: HttpServer, keys: ApiKeys) => void;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** All that reads many records: loads, repairs, comparisons, and the watch over the feeds. */
export function longWork({ settings, pool, store, sources, dispatcher, metrics, logger, faultPoint }: LongWorkParts): LongWork {
  const now = Date.now;
  const held = new HeldRecords(pool, store);
  const planMetrics = new PlanMetrics(metrics, sources);
  const sender = new SendReadings({ dispatcher, pool, store, held, lanes: settings.LANES, logger, now });
  const turn = new PlanTurn({ pool, held, sender, metrics: planMetrics, logger, pageRecords: settings.PLAN_PAGE_RECORDS, now, faultPoint });
  const runner = new PlanRunner({ pool, turn, metrics: planMetrics, logger, now });
  const silence = new FeedSilence({
    heardAt: async ({ id, provider }) => (await connectSource(pool, id, provider)).lastChangeAt, silentAfterMs: settings.FEED_SILENT_MINUTES * MINUTE_MS,
  });
  const feeds = new FeedWatch({ metrics, logger, silence, now });
  const work = new SourceWork({
    pool, runner, feeds, logger, now,
    feedEveryMs: settings.FEED_LOOK_SECONDS * SECOND_MS,
    schedule: {
      loadOnConnect: settings.LOAD_ON_CONNECT, sampleRecords: settings.SAMPLE_RECORDS,
      sampleEveryMs: settings.SAMPLE_EVERY_MINUTES * MINUTE_MS, fullEveryMs: settings.COMPARE_EVERY_HOURS * HOUR_MS,
    },
  });
  return {
    run: async (source, lease) => await work.run(source, lease),
    registerRoutes: (http, keys) => {
      registerPlanRoutes(http, { pool, sources, keys, now: () => new Date(now()) });
      registerDriftRoutes(http, { pool, sources, feeds, keys });
    },
  };
}
