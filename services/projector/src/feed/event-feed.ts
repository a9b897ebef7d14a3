import { UnavailableError, type EventFeed, type FeedPosition, type LogEntry } from '@clientele/contracts';
import { PostgresLogFeed } from '@clientele/event-store';
import { connectNats, JetStreamEventFeed, type NatsLink } from '@clientele/messaging';
import { FallbackFeed } from '@clientele/projections';
import { SettingsError, type Logger } from '@clientele/service-kit';
import type { Pool } from 'pg';
import type { ProjectorSettings } from '../settings.ts';

/** The event log, as far as the projector asks it. */
export interface EventLog {
  readAll(afterPosition: number, limit: number): Promise<readonly LogEntry[]>;
  head(): Promise<{ readonly incarnation: string; readonly position: number }>;
}

export interface EventFeedParts {
  readonly settings: Pick<ProjectorSettings, 'PROJECTOR_FEED' | 'NATS_URL'>;
  readonly log: EventLog;
  readonly logPool: Pool;
  readonly logger: Logger;
  readonly onFallback: (after: FeedPosition) => void;
}

export interface OpenFeed {
  readonly feed: EventFeed;
  /** The connection to the broker, where one is needed. */
  readonly link: NatsLink | null;
}

/**
 * What the views are made from: the log in Postgres itself, or its copy on the broker.
 * @throws SettingsError where the broker is wanted and not named; UnavailableError where the broker is wanted and does not answer.
 */
export async function openEventFeed({ settings, log, logPool, logger, onFallback }: EventFeedParts): Promise<OpenFeed> {
  const logFeed = new PostgresLogFeed(logPool);
  if (settings.PROJECTOR_FEED === 'log') return { feed: logFeed, link: null };
  if (settings.NATS_URL === undefined) {
    throw new SettingsError([{ variable: 'NATS_URL', wrong: 'is missing', remedy: 'PROJECTOR_FEED=stream reads the broker. Write NATS_URL=nats://projector:password@host:4222' }]);
  }
  const link = await connectNats({
    url: settings.NATS_URL,
    name: 'clientele-projector',
    onEvent: ({ type, detail }) => logger[type === 'error' ? 'error' : 'warn']({ event: type, detail }, 'broker connection'),
  });
  // A connection that gave up for good comes back with a new process only: an error that nobody catches ends this one.
  void link.closed().then((error) => {
    if (error !== null) throw error;
  });
  return { feed: new FallbackFeed(streamFeed(link, log, logger), logFeed, onFallback), link };
}

/** Entries too large for the stream come from the log. */
function streamFeed(link: NatsLink, log: EventLog, logger: Logger): JetStreamEventFeed {
  return new JetStreamEventFeed({
    link,
    resolve: async (position) => await entryAt(log, position),
    head: async () => await log.head(),
    onBreak: (reason) => logger.warn({ reason }, 'reading the stream broke; it begins again'),
  });
}

async function entryAt(log: EventLog, position: number): Promise<LogEntry> {
  const [entry] = await log.readAll(position - 1, 1);
  if (entry?.position !== position) throw new UnavailableError(`the event log does not show position ${position} yet`);
  return entry;
}
