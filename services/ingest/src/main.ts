import { connectNats, JetStreamDispatcher, requireListedLanes, streamStatus, type NatsLink } from '@clientele/messaging';
import { isDevelopment, loadClienteleConfig, runService, type Logger } from '@clientele/service-kit';
import { createIngestApp } from './app.ts';
import { bodyLimit, LARGEST_BODY } from './broker/body-limit.ts';
import { CountedDispatcher } from './broker/counted-dispatcher.ts';
import { watchBroker } from './broker/watch-broker.ts';
import { IngestSettings } from './settings.ts';

/** Below the five seconds within which EventBridge and HubSpot want their answer. */
const DISPATCH_DEADLINE_MS = 4_000;
/** With the requests in hand (a dispatch deadline at most) and closing the connection (two seconds) within the ten seconds that stopping may take. */
const FLUSH_WITHIN_MS = 3_000;

await runService({
  name: 'ingest',
  settings: IngestSettings,
  start: async ({ settings, logger, metrics, health, faultPoint }) => {
    const config = loadClienteleConfig(settings.CLIENTELE_CONFIG);
    const link = await connectNats({ url: settings.NATS_URL, name: 'clientele-ingest', onEvent: (event) => logger.warn({ event }, 'broker connection') });
    failWhenLost(link);
    await requireOwnLanes(link, settings.LANES);
    const dispatcher = new JetStreamDispatcher({ link, lanes: settings.LANES, deadlineMs: DISPATCH_DEADLINE_MS, fault: faultPoint });
    const counted = new CountedDispatcher(dispatcher);
    watchBroker({ link, lanes: settings.LANES, dispatcher, counted, health, metrics });
    const app = await createIngestApp({
      config,
      development: isDevelopment({ NODE_ENV: settings.NODE_ENV }),
      apiKeys: settings.INGEST_API_KEYS,
      queryPublicUrl: settings.QUERY_PUBLIC_URL,
      dispatcher: counted,
      bodyLimit: checkedBodyLimit(link, logger),
      logger,
      metrics,
      health,
    });
    const address = await app.listen({ host: settings.HOST, port: settings.INGEST_PORT });
    logger.info({ address }, 'listening');
    return async () => {
      await app.close();
      await dispatcher.close(FLUSH_WITHIN_MS);
      await link.close();
    };
  },
});

/** A connection that is over for good ends the process: whoever runs it starts it anew. */
function failWhenLost(link: NatsLink): void {
  void link.closed().then((error) => {
    if (error !== null) throw error;
  });
}

/** A stream that is missing is made with our own lanes once something is sent. */
async function requireOwnLanes(link: NatsLink, lanes: number): Promise<void> {
  const commands = await streamStatus(link, 'commands');
  if (commands !== null) requireListedLanes(commands, lanes);
}

function checkedBodyLimit(link: NatsLink, logger: Logger): number {
  const limit = bodyLimit(link.maxPayload);
  if (limit < LARGEST_BODY) logger.warn({ limit, maxPayload: link.maxPayload, wanted: LARGEST_BODY }, 'bodies are limited by the max_payload of the broker');
  return limit;
}
