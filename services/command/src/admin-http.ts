import { apiKeys, createHttpServer, type ApiKeys, type HttpServer, type ServiceContext } from '@clientele/service-kit';
import type { Pool } from 'pg';
import { DeadLetterStore } from './dead-letters/dead-letter-store.ts';
import { registerDeadLetterRoutes } from './dead-letters/routes.ts';
import type { CommandSettings } from './settings.ts';

/** Adds the routes of one part of the service. */
export type AdminRoutes = (http: HttpServer, keys: ApiKeys) => void;

/** Health, metrics and docs for everybody; the rest for people with an admin key. */
export async function startAdminHttp(context: ServiceContext<CommandSettings>, pool: Pool, routes: readonly AdminRoutes[] = []): Promise<HttpServer> {
  const { settings, logger, metrics, health } = context;
  const http = await createHttpServer({
    service: 'command',
    description: 'Decides changes and keeps what came of them; administration of what could not be decided.',
    logger, metrics, health,
  });
  registerDeadLetterRoutes(http, new DeadLetterStore(pool), apiKeys(settings.ADMIN_API_KEYS));
  for (const register of routes) register(http, apiKeys(settings.ADMIN_API_KEYS));
  await http.listen({ host: settings.HOST, port: settings.COMMAND_PORT });
  return http;
}
