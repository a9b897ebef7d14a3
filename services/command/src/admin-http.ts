import { apiKeys, createHttpServer, type ApiKeys, type HttpServer, type ServiceContext } from '@clientele/service-kit';
import type { CommandSettings } from './settings.ts';

/** Adds the routes of one part of the service. */
export type AdminRoutes = (http: HttpServer, keys: ApiKeys) => void | Promise<void>;

/** Health, metrics and docs for everybody; the rest for people with an admin key. */
export async function startAdminHttp(context: ServiceContext<CommandSettings>, routes: readonly AdminRoutes[]): Promise<HttpServer> {
  const { settings, logger, metrics, health } = context;
  const http = await createHttpServer({
    service: 'command',
    description: 'Decides changes and keeps what came of them; administration of what could not be decided.',
    logger, metrics, health,
  });
  // Many routes take no body, and many clients name its type all the same.
  const parse = http.getDefaultJsonParser('error', 'error');
  http.removeContentTypeParser('application/json');
  http.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parse(request, String(body), done);
  });
  const keys = apiKeys(settings.ADMIN_API_KEYS);
  for (const register of routes) await register(http, keys);
  await http.listen({ host: settings.HOST, port: settings.COMMAND_PORT });
  return http;
}
