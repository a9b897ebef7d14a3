import { decodeEnvelope, type LaneEnvelope, type LaneFeed, type LaneName, type LanePosition } from '@clientele/contracts';

/** Follows a lane and keeps what it sees, so that a test can ask for it. */
export interface LaneWatch {
  readonly envelopes: readonly LaneEnvelope[];
  readonly sequences: readonly number[];
  readonly incarnations: readonly string[];
  /** Ids of the commands, in the order in which they were read. */
  commandIds(): string[];
  stop(): Promise<void>;
}

export function watchLane(feed: LaneFeed, lane: LaneName, after: LanePosition | null = null, maxMessages = 64): LaneWatch {
  const envelopes: LaneEnvelope[] = [];
  const sequences: number[] = [];
  const incarnations: string[] = [];
  const ending = new AbortController();
  const reading = (async () => {
    for await (const batch of feed.read(lane, after, { signal: ending.signal, maxMessages })) {
      if (incarnations.at(-1) !== batch.incarnation) incarnations.push(batch.incarnation);
      for (const { sequence, data } of batch.messages) {
        sequences.push(sequence);
        envelopes.push(decodeEnvelope(data));
      }
    }
  })();
  // A reading that fails is told where it is awaited.
  reading.catch(() => undefined);
  return {
    envelopes,
    sequences,
    incarnations,
    commandIds: () => envelopes.flatMap(({ commands }) => commands.map(commandId)),
    stop: async () => {
      ending.abort();
      await reading;
    },
  };
}

function commandId(command: unknown): string {
  return typeof command === 'object' && command !== null && 'commandId' in command ? String(command.commandId) : '';
}

/** What is wrong with the numbers of the envelopes, publisher by publisher: nothing, unless one is left out or comes twice. */
export function numberFaults(envelopes: readonly LaneEnvelope[]): string[] {
  const next = new Map<string, number>();
  const faults: string[] = [];
  for (const { publisher, lane, first, count } of envelopes) {
    const key = `${publisher} on ${lane}`;
    const expected = next.get(key) ?? 1;
    if (first !== expected) faults.push(`${key}: ${first} came, ${expected} was next`);
    next.set(key, first + count);
  }
  return faults;
}
