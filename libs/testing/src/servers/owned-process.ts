import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';

export interface OwnedProcessOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Standard output and error go to the end of this file; else they are piped. */
  readonly logFile?: string;
  /** Sent to it by the kernel when this process dies in any way (Linux). Default SIGKILL. */
  readonly deathSignal?: NodeJS.Signals;
  /** A program that changes what the process may do and then becomes it, with its arguments. */
  readonly runUnder?: readonly string[];
}

const running = new Set<ChildProcess>();
let hasSetpriv: boolean | undefined;

const afterwards = new Set<() => void>();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const work of afterwards) work();
});

/** Runs `work` when this process exits, after its children were killed. */
export function onExit(work: () => void): void {
  afterwards.add(work);
}

/** Starts a program that ends with this process, also when this process is killed hard. */
export function spawnOwned(command: string, args: readonly string[], options: OwnedProcessOptions = {}): ChildProcess {
  const [program = command, ...rest] = [...(options.runUnder ?? []), ...dieWith(options.deathSignal ?? 'SIGKILL'), command, ...args];
  const log = options.logFile === undefined ? null : openSync(options.logFile, 'a', 0o600);
  const child = spawn(program, rest, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: log === null ? ['ignore', 'pipe', 'pipe'] : ['ignore', log, log],
    // Out of the terminal's process group: Ctrl-C reaches us, and we decide what stops when.
    detached: true,
  });
  if (log !== null) closeSync(log);
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** Resolves with the exit code, or null when a signal ended it. */
export async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  return await new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

/** Resolves, in words, with how it ended. */
export async function endingOf(child: ChildProcess): Promise<string> {
  const code = await exitOf(child);
  return code === null ? `signal ${child.signalCode ?? 'unknown'}` : `exit code ${code}`;
}

/** Sends `signal`, and `SIGKILL` to what is still there after `graceMs`. Resolves when the process is gone. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  const gone = exitOf(child);
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await gone;
  clearTimeout(timer);
}

export function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

// setpriv asks the kernel for the death signal and becomes the program: same pid, no process in between. Without it (other platforms)
// the `exit` handler above is all there is.
function dieWith(signal: NodeJS.Signals): readonly string[] {
  hasSetpriv ??= process.platform === 'linux' && spawnSync('setpriv', ['--version'], { stdio: 'ignore' }).status === 0;
  return hasSetpriv ? ['setpriv', '--pdeathsig', signal.replace('SIG', '')] : [];
}
