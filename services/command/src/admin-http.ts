import { apiKeys, createHttpServer, type HttpServer, type ServiceContext } from '@clientele/service-kit';
import type { Pool } from 'pg';
import { DeadLetterStore } from './dead-letters/dead-letter-store.ts';
import { registerDeadLetterRoutes } from './dead-letters/routes.ts';
import type { CommandSettings } from './settings.ts';

/** Health, metrics and docs for everybody; the rest for people with an admin key. */
export async function startAdminHttp(context: ServiceContext<CommandSettings>, pool: Pool): Promise<HttpServer> {
  const { settings, logger, metrics, health } = context;
  const http = await createHttpServer({
    service: 'command',
    description: 'Decides changes and keeps what came of them; administration of what could not be decided.',
    logger, metrics, health,
  });
  registerDeadLetterRoutes(http, new DeadLetterStore(pool), apiKeys(settings.ADMIN_API_KEYS));
  await http.listen({ host: settings.HOST, port: settings.COMMAND_PORT });
  return http;
}
