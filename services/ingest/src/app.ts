import { SalesforceEventDTO, type ClienteleConfig, type EventDispatcher } from '@clientele/contracts';
import { createProvider } from '@clientele/providers';
import { apiKeys, createHttpServer, linkBase, type Health, type HttpServer, type Logger, type Metrics } from '@clientele/service-kit';
import { Intake } from './intake/intake.ts';
import { intakeMetrics } from './intake/intake-metrics.ts';
import { registerIntakeRoute } from './intake/intake-route.ts';

export interface IngestParts {
  readonly config: ClienteleConfig;
  /** Whether senders that no configured source matches are taken under their own names. */
  readonly development: boolean;
  /** `name:secret` or `name:secret@source`, comma-separated. */
  readonly apiKeys: string;
  readonly queryPublicUrl: string;
  readonly dispatcher: EventDispatcher;
  /** Largest body in bytes. */
  readonly bodyLimit: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
}

/** Which CRMs send here, and the shape of what they send. */
const SENDERS = [{ provider: 'salesforce', body: SalesforceEventDTO }];

/** Ingest as an HTTP server: change events in, commands out. */
export async function createIngestApp(parts: IngestParts): Promise<HttpServer> {
  const { config, development, dispatcher, bodyLimit, logger, metrics, health } = parts;
  const app = await createHttpServer({ service: 'ingest', description: DESCRIPTION, logger, metrics, health, bodyLimit });
  const intakeMeters = intakeMetrics(metrics);
  const keys = apiKeys(parts.apiKeys);
  const queryUrl = linkBase(parts.queryPublicUrl);
  for (const { provider, body } of SENDERS) {
    const crm = createProvider(provider, { entities: config.mapping[provider] ?? {} });
    const intake = new Intake({ provider: crm, config, development, dispatcher, metrics: intakeMeters });
    await registerIntakeRoute(app, { provider, intake, keys, metrics: intakeMeters, queryUrl, body });
  }
  return app;
}

const DESCRIPTION = 'Takes in the change events of CRMs. A 202 means that every change is on the broker\'s disk.';
