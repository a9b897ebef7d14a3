import type { Test } from 'tap';

/** Open at every service: they tell nothing of any record. Docs do not list themselves. */
const OPEN = /^\/(health\/.+|metrics)$/;

/** What every service's HTTP keeps: whoever brings no key gets no further than 401 at any route that `/openapi.json` lists, now or later. */
export async function keyedRoutesContract(t: Test, origin: string): Promise<void> {
  await t.test('every route but health and metrics wants a key', async (t) => {
    const { paths }: { paths: Record<string, object> } = JSON.parse(await (await fetch(`${origin}/openapi.json`)).text());
    const routes = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })));
    const keyed = routes.filter(({ path }) => !OPEN.test(path));
    t.ok(keyed.length > 0, `of ${routes.length} routes`);
    for (const { method, path } of keyed) {
      const answer = await fetch(`${origin}${path}`, { method });
      await answer.body?.cancel();
      t.match([answer.status, answer.headers.get('content-type')], [401, 'application/problem+json'], `${method} ${path}`);
    }
  });
}
