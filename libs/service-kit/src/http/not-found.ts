import type { HTTPMethods } from 'fastify';
import type { HttpServer } from './create-http-server.ts';
import { HttpProblem } from './problems.ts';

interface KnownRoute {
  readonly methods: Set<string>;
  readonly pattern: RegExp;
}

/** 404 for a path that is not there; 405 with `Allow` for one that is, under other methods alone. */
export function registerNotFound(app: HttpServer): void {
  const routes = new Map<string, KnownRoute>();
  app.addHook('onRoute', ({ url, method }) => {
    const route = routes.get(url) ?? { methods: new Set<string>(), pattern: patternOf(url) };
    routes.set(url, route);
    for (const one of methodsOf(method)) route.methods.add(one);
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '/';
    const methods = [...routes.values()].filter(({ pattern }) => pattern.test(path)).flatMap((route) => [...route.methods]);
    // A route that takes the method and has nothing there (a file that is missing) says so by coming here.
    if (methods.length === 0 || methods.includes(request.method)) throw new HttpProblem(404, `Nothing is at ${path}; /docs lists what is`);
    reply.header('allow', [...new Set(methods)].join(', '));
    throw new HttpProblem(405, `${path} does not take ${request.method}`);
  });
}

function methodsOf(method: HTTPMethods | HTTPMethods[]): HTTPMethods[] {
  return Array.isArray(method) ? method : [method];
}

function patternOf(url: string): RegExp {
  const source = url
    .replace(/\/$/, '')
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replace('*', '.*')));
  return new RegExp(`^${source.join('/')}/?$`);
}
