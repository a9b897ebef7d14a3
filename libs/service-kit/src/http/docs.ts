import { Problem } from '@clientele/contracts';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { HttpServer, HttpServerOptions } from './create-http-server.ts';

/** `/docs` for people, `/openapi.json` for machines; both from the routes' own schemas. */
export async function registerDocs(
  app: HttpServer,
  { service, description }: Pick<HttpServerOptions, 'service' | 'description'>,
): Promise<void> {
  await app.register(swagger, {
    // Shapes that have a name keep it among the components.
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, index) => (typeof schema.$id === 'string' ? schema.$id : `def-${index}`),
    },
    transformObject: (document) => ('openapiObject' in document ? withProblems(document.openapiObject) : document.swaggerObject),
    openapi: {
      openapi: '3.1.0',
      info: { title: `Clientele ${service}`, description, version: '1' },
      components: {
        securitySchemes: {
          key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
          bearer: { type: 'http', scheme: 'bearer' },
          basic: { type: 'http', scheme: 'basic' },
        },
      },
    },
  });
  await app.register(swaggerUi, { routePrefix: '/docs' });
  app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) =>
    reply.type('application/json').send(JSON.stringify(app.swagger())),
  );
}

/** Problems are `application/problem+json`; a route's schema names shapes, not media types. */
function withProblems<T extends object>(document: T): T {
  for (const [, operations] of membersOf(Reflect.get(document, 'paths'))) {
    for (const [, operation] of membersOf(operations)) {
      for (const [, response] of membersOf(Reflect.get(Object(operation), 'responses'))) {
        const [[type, content] = []] = membersOf(Reflect.get(Object(response), 'content'));
        const isProblem = Reflect.get(Object(Reflect.get(Object(content), 'schema')), 'title') === Problem.title;
        if (isProblem && type === 'application/json') Reflect.set(Object(response), 'content', { 'application/problem+json': content });
      }
    }
  }
  return document;
}

function membersOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

/** What a route's schema says of the keys it wants. */
export const securedByKey = [{ key: [] }, { bearer: [] }, { basic: [] }];
