import { setTimeout as delay } from 'node:timers/promises';
import { readJsonFile, writeJsonFile } from './json-file.ts';
import { factsOf } from './process-facts.ts';

/** A process, told from a later one that got the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** As the system gives it; compared, never read. */
  readonly startedAt: string;
}

export interface RegisteredProcess extends ProcessIdentity {
  readonly name: string;
  /** What makes it stop cleanly. */
  readonly stopSignal: NodeJS.Signals;
}

/** Written down as soon as a process is started, so that the next start finds what a hard kill left running. */
export class ProcessRegister {
  readonly #file: string;
  readonly #processes = new Map<string, RegisteredProcess>();

  constructor(file: string) {
    this.#file = file;
  }

  add(name: string, pid: number, stopSignal: NodeJS.Signals): void {
    const facts = factsOf(pid);
    if (facts === null) return;
    this.#processes.set(name, { name, pid, startedAt: facts.startedAt, stopSignal });
    this.#write();
  }

  /** What an earlier start registered and that still runs. */
  leftRunning(): RegisteredProcess[] {
    const kept = readJsonFile(this.#file);
    return Array.isArray(kept) ? kept.filter(isRegistered).filter(isRunning) : [];
  }

  #write(): void {
    writeJsonFile(this.#file, [...this.#processes.values()]);
  }
}

export function identityOf(pid: number): ProcessIdentity {
  return { pid, startedAt: factsOf(pid)?.startedAt ?? '' };
}

export function isRunning(identity: ProcessIdentity): boolean {
  return factsOf(identity.pid)?.startedAt === identity.startedAt;
}

/** Asks it to stop, and ends it after `graceMs`. */
export async function stopProcess(found: RegisteredProcess, graceMs: number): Promise<void> {
  signal(found, found.stopSignal);
  if (await isGone(found, graceMs)) return;
  signal(found, 'SIGKILL');
  await isGone(found, graceMs);
}

/** Waits up to `withinMs` for it to end. */
export async function isGone(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (isRunning(identity)) {
    if (Date.now() > deadline) return false;
    await delay(50);
  }
  return true;
}

function signal(found: RegisteredProcess, name: NodeJS.Signals): void {
  try {
    process.kill(found.pid, name);
  } catch (error) {
    // It ended between the look and the signal.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function isRegistered(value: unknown): value is RegisteredProcess {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string' && 'pid' in value && Number.isSafeInteger(value.pid)
    && 'startedAt' in value && typeof value.startedAt === 'string'
    && 'stopSignal' in value && (value.stopSignal === 'SIGTERM' || value.stopSignal === 'SIGINT');
}
