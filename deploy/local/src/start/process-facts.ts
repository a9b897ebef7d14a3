import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What the system knows of a process. */
export interface ProcessFacts {
  readonly parent: number;
  /** As the system gives it; compared, never read. */
  readonly startedAt: string;
  /** How it calls itself, arguments included. */
  readonly command: string;
}

/** Null for a process that is not there, or that has ended and only waits to be noticed by its parent. */
export function factsOf(pid: number): ProcessFacts | null {
  try {
    return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
  } catch {
    // No such process.
    return null;
  }
}

function fromProc(pid: number): ProcessFacts | null {
  // After the name, which is in parentheses and may hold anything: state, parent, and as the twentieth the start time.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  if (fields[0] === 'Z' || fields[19] === undefined) return null;
  return { parent: Number(fields[1]), startedAt: fields[19], command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() };
}

function fromPs(pid: number): ProcessFacts | null {
  const ask = (field: string): string => execFileSync('ps', ['-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8' }).trim();
  const startedAt = ask('lstart');
  return startedAt === '' ? null : { parent: Number(ask('ppid')), startedAt, command: ask('command') };
}
