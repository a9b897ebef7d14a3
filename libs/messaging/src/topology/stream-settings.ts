import { commandSubjects, DEFAULT_LANES, EVENT_SUBJECTS, STREAMS } from '@clientele/contracts';
import { DiscardPolicy, nanos, RetentionPolicy, StorageType, type StreamConfig } from '../connection/nats-client.ts';

export interface TopologyOptions {
  /** Number of command lanes that COMMANDS takes (default 4). */
  readonly lanes?: number;
  /** Bytes that COMMANDS may hold before senders are refused (default 4 GiB). */
  readonly commandsMaxBytes?: number;
  /** Bytes that EVENTS may hold before its oldest entries go (default 8 GiB). */
  readonly eventsMaxBytes?: number;
  /** Age at which an entry leaves EVENTS (default 7 days). */
  readonly eventsMaxAgeMs?: number;
  /** Copies in a cluster (default 1). */
  readonly replicas?: number;
}

export type StreamKind = keyof typeof STREAMS;

const GIB = 1024 ** 3;
const DAY_MS = 86_400_000;
/** How long the broker remembers message ids: it absorbs a sender's repeats, and nothing else rests on it. */
const DEDUPE_WINDOW_MS = 120_000;

/**
 * COMMANDS is a log that nothing may take from but the trimmer, and that refuses when it is full: no age limit, new messages are
 * discarded. EVENTS is a copy of the log in Postgres: its oldest entries go.
 */
export function streamSettings(kind: StreamKind, options: TopologyOptions = {}): Partial<StreamConfig> & { name: string } {
  const common = {
    name: STREAMS[kind],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    num_replicas: options.replicas ?? 1,
    max_msgs: -1,
    max_msg_size: -1,
    deny_delete: false,
    deny_purge: false,
  };
  switch (kind) {
    case 'commands':
      return {
        ...common,
        subjects: commandSubjects(options.lanes ?? DEFAULT_LANES),
        discard: DiscardPolicy.New,
        max_age: 0,
        max_bytes: options.commandsMaxBytes ?? 4 * GIB,
        duplicate_window: nanos(DEDUPE_WINDOW_MS),
      };
    case 'events': {
      const maxAgeMs = options.eventsMaxAgeMs ?? 7 * DAY_MS;
      return {
        ...common,
        subjects: [...EVENT_SUBJECTS],
        discard: DiscardPolicy.Old,
        max_age: nanos(maxAgeMs),
        max_bytes: options.eventsMaxBytes ?? 8 * GIB,
        duplicate_window: nanos(Math.min(DEDUPE_WINDOW_MS, maxAgeMs)),
      };
    }
  }
}
