import { otherLanes, streamStatus, type JetStreamDispatcher, type NatsLink } from '@clientele/messaging';
import type { Health, Metrics } from '@clientele/service-kit';
import type { CountedDispatcher } from './counted-dispatcher.ts';

export interface BrokerWatch {
  readonly link: NatsLink;
  readonly lanes: number;
  readonly dispatcher: JetStreamDispatcher;
  readonly counted: CountedDispatcher;
  readonly health: Health;
  readonly metrics: Metrics;
}

/** Ready while the broker is there, takes our lanes and has room for the largest command; work moves while what is queued gets sent. */
export function watchBroker({ link, lanes, dispatcher, counted, health, metrics }: BrokerWatch): void {
  health.check('broker', async () => {
    if (!link.connected) return 'not connected';
    const commands = await streamStatus(link, 'commands');
    if (commands === null) return 'the stream COMMANDS is missing';
    const { bytes, maxBytes } = commands;
    const isFull = maxBytes > 0 && bytes + link.maxPayload > maxBytes;
    return otherLanes(commands, lanes) ?? (isFull ? `the stream COMMANDS is full: it holds ${maxBytes} bytes` : null);
  });
  health.progress('dispatch', () => {
    const { inFlight, queuedBytes } = dispatcher.status();
    return { lag: Math.max(inFlight, queuedBytes), position: counted.stored };
  });
  metrics.gauge('ingest_queue_bytes', 'Bytes of commands that wait for the broker', [], (gauge) => gauge.set(dispatcher.status().queuedBytes));
  metrics.gauge('ingest_queue_in_flight', 'Commands that are with the broker', [], (gauge) => gauge.set(dispatcher.status().inFlight));
  metrics.gauge('ingest_queue_oldest_wait_seconds', 'How long the oldest command has been waiting', [], (gauge) => gauge.set(dispatcher.status().oldestWaitMs / 1000));
}
