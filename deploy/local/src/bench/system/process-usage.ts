import { readdirSync, readFileSync } from 'node:fs';

const MIB = 1024 * 1024;
const KIB = 1024;
/** The kernel's unit of CPU time in /proc, the same on every Linux that Node runs on. */
const TICK_MS = 10;

/** Resident memory in MiB; null where the system does not tell (only Linux is asked). */
export function residentMiB(pid: number): number | null {
  const line = /VmRSS:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1];
  return line === undefined ? null : Number(line) * KIB / MIB;
}

/** CPU time in ms that the process and the children it has now, or has waited for, took so far; null where the system does not tell. */
export function cpuMs(pid: number): number | null {
  const own = ticks(pid);
  if (own === null) return null;
  return (own + childrenOf(pid).reduce((sum, child) => sum + (ticks(child) ?? 0), 0)) * TICK_MS;
}

function ticks(pid: number): number | null {
  const fields = statFields(pid);
  return fields.length === 0 ? null : fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
}

function childrenOf(pid: number): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((other) => Number(statFields(other)[1]) === pid);
}

/** From the state on; empty where there is no such process. */
function statFields(pid: number): string[] {
  const text = read(`/proc/${pid}/stat`);
  // The name before is in parentheses and may hold anything.
  return text === '' ? [] : (text.split(') ').at(-1) ?? '').split(' ');
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // It ended meanwhile, or the system is no Linux.
    return '';
  }
}
