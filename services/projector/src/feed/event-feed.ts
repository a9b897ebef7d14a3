import { UnavailableError, type EventFeed, type FeedPosition, type LogEntry } from '@clientele/contracts';
import { PostgresLogFeed } from '@clientele/event-store';
import { JetStreamEventFeed, type NatsLink } from '@clientele/messaging';
import { FallbackFeed } from '@clientele/projections';
import type { Pool } from 'pg';

/** The event log, as far as the projector asks it. */
export interface EventLog {
  readAll(afterPosition: number, limit: number): Promise<readonly LogEntry[]>;
  head(): Promise<{ readonly incarnation: string; readonly position: number }>;
}

export interface EventFeedParts {
  readonly link: NatsLink;
  readonly log: EventLog;
  readonly logPool: Pool;
  readonly onBreak: (reason: string) => void;
  readonly onFallback: (after: FeedPosition) => void;
}

/** The stream, and where that does not hold what is asked for, the log itself. Entries too large for the stream come from the log too. */
export function eventFeed({ link, log, logPool, onBreak, onFallback }: EventFeedParts): EventFeed {
  const stream = new JetStreamEventFeed({
    link,
    resolve: async (position) => await entryAt(log, position),
    head: async () => await log.head(),
    onBreak,
  });
  return new FallbackFeed(stream, new PostgresLogFeed(logPool), onFallback);
}

async function entryAt(log: EventLog, position: number): Promise<LogEntry> {
  const [entry] = await log.readAll(position - 1, 1);
  if (entry?.position !== position) throw new UnavailableError(`the event log does not show position ${position} yet`);
  return entry;
}
