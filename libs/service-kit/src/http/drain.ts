import type { HttpServer } from './create-http-server.ts';

/** How long requests that are under way may take once the server closes; well inside the 10 s that a service has to stop. */
const DRAIN_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 50;

/**
 * Lets a closing server finish its requests, and no more: Node closes the connections that are idle at that moment, but would wait for
 * those whose last answer is sent afterwards to be given up by their clients.
 */
export function drainOnClose(app: HttpServer): void {
  app.addHook('preClose', (done) => {
    const idle = setInterval(() => app.server.closeIdleConnections(), LOOK_EVERY_MS);
    const all = setTimeout(() => app.server.closeAllConnections(), DRAIN_WITHIN_MS);
    app.server.once('close', () => {
      clearInterval(idle);
      clearTimeout(all);
    });
    done();
  });
}
