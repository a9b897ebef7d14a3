import { commandLanes, quarantineLane, type ClienteleConfig, type LaneName } from '@clientele/contracts';
import { ClientDomainService } from '@clientele/domain';
import { countReads, listSources, maintainWriteDatabase, notePending, PostgresEventStore, reopenReads } from '@clientele/event-store';
import { connectNats, EventStream, JetStreamDispatcher, JetStreamLaneFeed, LaneLook, LaneTrimmer, type LinkEvent } from '@clientele/messaging';
import { AVAILABLE_PROVIDERS, createProvider, type CrmProvider } from '@clientele/providers';
import { createPool, definitionFor, endPools, isDevelopment, linkBase, loadClienteleConfig, type Logger, type ServiceContext } from '@clientele/service-kit';
import { startAdminHttp } from './admin-http.ts';
import { deadLetters } from './dead-letters/dead-letters.ts';
import { ErrorHandler } from './errors/error-handler.ts';
import { measureLanes, measureRelay, watchCommand } from './health.ts';
import { requireAgreedLanes } from './lanes/agreed-lanes.ts';
import { LaneBoard } from './lanes/lane-board.ts';
import { LaneLoop } from './lanes/lane-loop.ts';
import { LaneWatch } from './lanes/lane-watch.ts';
import { lossAlarm } from './lanes/lost-changes.ts';
import { ownLanes } from './lanes/lane-owner.ts';
import { keepHouse, repeat } from './maintenance/maintenance.ts';
import { trimLanes } from './maintenance/trim-lanes.ts';
import { commandHandlers, commandPipeline } from './pipeline/command-pipeline.ts';
import { PipelineMetrics } from './pipeline/pipeline-metrics.ts';
import { ownReaders } from './reading/own-readers.ts';
import { ReadMetrics } from './reading/read-metrics.ts';
import { ReaderBoard } from './reading/reader-board.ts';
import { longWork } from './plans/long-work.ts';
import { leadRelay } from './relay/lead-relay.ts';
import { PostgresRelayState } from './relay/postgres-relay-state.ts';
import { Relay } from './relay/relay.ts';
import { registerSourceRoutes } from './sources/routes.ts';
import { SourceWatch } from './sources/source-watch.ts';
import { openSources } from './sources/open-sources.ts';
import type { CommandSettings } from './settings.ts';

const HOUR_MS = 3_600_000;
/** Of each lane: enough that a unit is always at hand while the one before is committed. */
const READ_AHEAD_BYTES = 2 * 1024 * 1024;
/** Most bytes of looks at records that wait for the broker. */
const READINGS_BYTES = 32 * 1024 * 1024;

/** Starts the command service; resolves once it serves, with what stops it. */
export async function startCommand(context: ServiceContext<CommandSettings>): Promise<() => Promise<void>> {
  const { settings, logger, metrics, health, faultPoint } = context;
  const config = loadClienteleConfig(settings.CLIENTELE_CONFIG, { env: process.env, changePath });
  const pool = createPool(settings.WRITE_DATABASE_URL, { applicationName: 'clientele-command', max: 8, logger });
  // Apart, so that leases are renewed however busy the lanes are.
  const leasePool = createPool(settings.WRITE_DATABASE_URL, {
    applicationName: 'clientele-command-leases', max: 2, statementTimeoutMs: 2_000, logger,
  });
  await requireAgreedLanes(pool, settings.LANES, logger);
  const link = await connectNats({ url: settings.NATS_URL, name: 'clientele-command', onEvent: (event) => logLink(event, logger) });

  // A connection that gave up for good comes back with a new process only: an error that nobody catches ends this one.
  void link.closed().then((error) => {
    if (error !== null) throw error;
  });

  const now = () => new Date();
  const store = new PostgresEventStore({ pool, fault: faultPoint });
  const providers = configuredProviders(config);
  const sources = await openSources({
    config, providers, env: process.env, pool, metrics, now: Date.now, callTimeoutMs: settings.PROVIDER_TIMEOUT_MS,
  });
  const pipelineMetrics = new PipelineMetrics(metrics);
  const errors = new ErrorHandler();
  const bugs = metrics.counter('bugs_total', 'Failures that nobody expected: each parked a change or stopped a unit');
  const handlers = commandHandlers({
    providers, sources, domain: ClientDomainService, now,
    definitionFor: (provider, entity) => definitionFor(config, provider, entity),
    mergeable: (provider, entity) => config.mapping[provider]?.[entity]?.merges === true,
  });
  const pipeline = commandPipeline({
    store, handlers, metrics: pipelineMetrics, errors, logger, now, faultPoint,
    onBug: () => bugs.inc(),
  });

  const relay = new Relay({
    link, log: store, stream: new EventStream(link), state: new PostgresRelayState(pool), fault: faultPoint,
    dataref: (position) => `${linkBase(settings.QUERY_PUBLIC_URL)}/feed?from=${position}&limit=1`,
    onNotice: (level, message) => logger[level]({ part: 'relay' }, message),
  });

  const lanes: readonly LaneName[] = [...commandLanes(settings.LANES), ...AVAILABLE_PROVIDERS.map(quarantineLane)];
  const board = new LaneBoard(lanes);
  const feed = new JetStreamLaneFeed({
    link,
    topology: { lanes: settings.LANES },
    readAheadBytes: READ_AHEAD_BYTES,
    onBreak: (lane, reason) => logger.warn({ lane, reason }, 'reading a lane broke; it begins again'),
  });
  const watch = new SourceWatch({ pool, sources, metrics, logger });
  const ended = new AbortController();
  const tellLosses = lossAlarm(metrics, logger, lanes);
  const loop = new LaneLoop({
    feed, store, pipeline, errors, board, logger, faultPoint, now,
    cacheBytes: Math.floor((settings.COMMAND_CACHE_MB * 1024 * 1024) / settings.LANES),
    onCommit(batch) {
      relay.wake();
      pipelineMetrics.committed(batch);
      watch.seen(batch);
      tellLosses({ lane: batch.session.lane, count: batch.work.count });
    },
    onBug: () => bugs.inc(),
  });

  const readers = new ReaderBoard();
  const inBulk = new JetStreamDispatcher({ link, lanes: settings.LANES, deadlineMs: 10_000, maxQueuedBytes: READINGS_BYTES, fault: faultPoint });
  const work = longWork({ settings, pool, store, sources, dispatcher: inBulk, metrics, logger, faultPoint });
  const readings = new JetStreamDispatcher({ link, lanes: settings.LANES, deadlineMs: 10_000, maxQueuedBytes: READINGS_BYTES, fault: faultPoint });

  const look = new LaneLook(link);
  const laneWatch = new LaneWatch({ lanes, store, look, now: Date.now });
  const leaseTtlMs = settings.COMMAND_LEASE_MS;
  const waiting = deadLetters({
    pool, leasePool, leaseTtlMs, store, handlers, errors, providers, config, logger, now, faultPoint, dispatcher: readings,
    development: isDevelopment({ NODE_ENV: settings.NODE_ENV }),
  });
  const keepers = [
    waiting.redrives,
    ownLanes({ pool: leasePool, lanes, loop, logger, leaseTtlMs }),
    leadRelay({ pool: leasePool, relay, logger, leaseTtlMs }),
    ...ownReaders({
      sources: sources.readable(), pool, leasePool, leaseTtlMs, dispatcher: readings, connected: () => link.connected, board: readers, logger, now, faultPoint,
      metrics: new ReadMetrics(metrics, sources, readers), onBug: () => bugs.inc(), alongside: async (source, lease) => await work.run(source, lease),
    }),
    keepHouse({
      pool: leasePool, logger, leaseTtlMs,
      chores: [
        { name: 'write database', everyMs: HOUR_MS, run: (signal) => maintainWriteDatabase(pool, { signal }) },
        trimLanes({
          lanes, store, look, logger,
          trimmer: new LaneTrimmer({ link, keepMs: settings.COMMANDS_KEPT_HOURS * HOUR_MS }),
          notePending: (pending) => notePending(pool, pending),
        }),
        waiting.retries,
      ],
    }),
  ];
  watchCommand({ health, pool, link, lanes: settings.LANES, board, watch: laneWatch, relay });
  measureLanes(metrics, board);
  laneWatch.measure(metrics);
  measureRelay(metrics, relay);
  const http = await startAdminHttp(context, [
    waiting.routes,
    (app, keys) => registerSourceRoutes(app, {
      sources, board: readers, configured: config.sources ?? [],
      listKnown: () => listSources(pool), countReads: () => countReads(pool), reopenReads: (source) => reopenReads(pool, source),
    }, keys),
    (app, keys) => work.registerRoutes(app, keys),
  ]);
  // Not waited for: from here on there is work in hand, and the first turns last as long as the database takes.
  for (const keeper of keepers) void keeper.start();
  const watching = Promise.all([watch.run(ended.signal), repeat(laneWatch, ended.signal, logger)]);

  const finish = async (): Promise<void> => {
    const stopping = keepers.map((keeper) => keeper.stop());
    // Calls that hang would keep their readers; what they were for is put back.
    await Promise.all([http.close(), sources.close(), ...stopping]);
    ended.abort();
    await watching;
    await Promise.all([store.drained(), readings.close(), inBulk.close()]);
    await link.close();
  };
  return async () => await endPools([pool, leasePool], finish());
}

function configuredProviders({ mapping }: ClienteleConfig): ReadonlyMap<string, CrmProvider> {
  return new Map(AVAILABLE_PROVIDERS.map((name) => [name, createProvider(name, { entities: mapping[name] ?? {} })]));
}

/** What a provider that is mapped and not available yet will call a field, nobody can say. */
function changePath(provider: string, entity: string, field: string): string {
  return AVAILABLE_PROVIDERS.includes(provider) ? createProvider(provider, { entities: {} }).changePath(entity, field) : field;
}

function logLink({ type, detail }: LinkEvent, logger: Logger): void {
  logger[type === 'error' ? 'error' : 'warn']({ event: type, detail }, 'broker connection');
}
