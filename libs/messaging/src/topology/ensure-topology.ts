import { STREAMS } from '@clientele/contracts';
import { apiErrorCode } from '../connection/nats-client.ts';
import { connectNats } from '../connection/connect-nats.ts';
import type { NatsLink } from '../connection/nats-link.ts';
import { brokerError, statusOf, streamStatus, type StreamStatus } from './stream-status.ts';
import { streamSettings, type StreamKind, type TopologyOptions } from './stream-settings.ts';

const NAME_IN_USE = 10058;

/**
 * Brings both streams to their settings; run by the migration with the operator's user. Does nothing where they stand.
 * @throws UnavailableError, BrokerAuthorizationError
 */
export async function ensureTopology(url: string, options: TopologyOptions = {}): Promise<void> {
  const link = await connectNats({ url, name: 'clientele-migrate' });
  try {
    for (const kind of ['commands', 'events'] as const) {
      const { name, ...settings } = streamSettings(kind, options);
      await createMissingStream(link, kind, options);
      await link.manager.streams.update(name, settings).catch((error: unknown) => {
        throw brokerError(`cannot bring stream ${name} to its settings`, error);
      });
    }
  } finally {
    await link.close();
  }
}

/**
 * Creates the stream where it is missing, and leaves one that exists as it is. This is how a stream that somebody deleted comes back
 * without waiting for a person: ingest and the command service may do it for COMMANDS, the relay for EVENTS. What was in it is lost to
 * the broker all the same, and shows in the accounting.
 * @throws UnavailableError
 */
export async function createMissingStream(link: NatsLink, kind: StreamKind, options: TopologyOptions = {}): Promise<StreamStatus> {
  const found = await streamStatus(link, kind);
  if (found !== null) return found;
  try {
    return statusOf(await link.request(() => link.manager.streams.add(streamSettings(kind, options))));
  } catch (error) {
    if (apiErrorCode(error) === NAME_IN_USE) {
      const made = await streamStatus(link, kind);
      if (made !== null) return made;
    }
    throw brokerError(`cannot create stream ${STREAMS[kind]}`, error);
  }
}
