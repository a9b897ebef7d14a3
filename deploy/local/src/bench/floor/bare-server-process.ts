import { join } from 'node:path';
import { eventually, freePort, spawnService, workspaceRoot } from '@clientele/testing';

const ENTRY = join(workspaceRoot, 'deploy', 'local', 'dist', 'src', 'bench', 'floor', 'bare-server.js');

/** What the bare routes answer, as JSON text. */
export interface BareAnswers {
  readonly accepted?: string;
  readonly record?: string;
}

/** Runs work beside a bare server in a process of its own; `address` is where it answers. */
export async function withBareServer<T>({ accepted = '{}', record = '{}' }: BareAnswers, work: (address: string) => Promise<T>): Promise<T> {
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const server = await spawnService(ENTRY, { BARE_ACCEPTED: accepted, BARE_RECORD: record }, [String(port)]);
  try {
    await eventually('the bare server answers', async () => await fetch(`${address}/clients/any`)).catch((cause: unknown) => {
      throw new Error(`the bare server does not run: ${server.output()}`, { cause });
    });
    return await work(address);
  } finally {
    server.kill('SIGTERM');
    await server.exited;
  }
}
