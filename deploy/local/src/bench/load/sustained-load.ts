import type { ViewProgress } from '../system/view-progress.ts';
import { HttpConnection } from './http-connection.ts';
import { expectStatus, postRequest } from './requests.ts';

export interface SustainedLoadOptions {
  readonly address: string;
  readonly key: string;
  readonly callers: number;
  /** Changes that may be posted and not yet queryable: with more the callers wait, so that what goes in is what comes out. */
  readonly mostBehind: number;
  /** JSON texts in ASCII, each a change that makes one entry of the log. */
  readonly source: { next(): string };
  readonly progress: ViewProgress;
}

/** Callers that post changes as fast as the views take them in. Each change is one entry of the log. */
export class SustainedLoad {
  readonly #options: SustainedLoadOptions;

  constructor(options: SustainedLoadOptions) {
    this.#options = options;
  }

  /** Posts so many changes and waits until the views show the last of them. @throws Error for an answer other than 202. */
  async run(changes: number, posted: () => void = () => {}): Promise<void> {
    const { address, key, callers, mostBehind, source, progress } = this.#options;
    const before = progress.position;
    let sent = 0;
    await Promise.all(Array.from({ length: callers }, async () => {
      const connection = await HttpConnection.open(address);
      while (sent < changes) {
        if (sent - (progress.position - before) >= mostBehind) {
          await progress.moved();
          continue;
        }
        sent += 1;
        expectStatus(await connection.send(postRequest('/events/salesforce/', key, source.next())), 202);
        posted();
      }
      connection.close();
    }));
    await progress.reached(before + changes);
  }
}
