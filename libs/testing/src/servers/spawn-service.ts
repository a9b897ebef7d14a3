import { exitOf, spawnOwned } from './owned-process.ts';

export interface SpawnedService {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  /** The exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Everything it wrote so far, standard output and error as they came. */
  output(): string;
}

/**
 * Starts a compiled entry file as a process with exactly this environment (and PATH). It does not outlive this process. Without source maps, whose
 * reading is a fifth of a service's start; compiled lines are nearly those of the source.
 */
export async function spawnService(entry: string, env: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<SpawnedService> {
  const child = spawnOwned(process.execPath, [entry, ...args], { env: { PATH: process.env['PATH'], ...env } });
  const written: Buffer[] = [];
  child.stdout?.on('data', (data: Buffer) => written.push(data));
  child.stderr?.on('data', (data: Buffer) => written.push(data));
  const exited = exitOf(child);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  return {
    pid: child.pid ?? 0,
    kill: (signal) => { child.kill(signal); },
    exited,
    output: () => Buffer.concat(written).toString('utf8'),
  };
}
