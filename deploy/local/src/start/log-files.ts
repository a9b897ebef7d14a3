import { closeSync, copyFileSync, fstatSync, openSync, readSync, statSync, truncateSync } from 'node:fs';

const MOST_BYTES = 50 * 1024 * 1024;
const TAIL_BYTES = 64 * 1024;

/** The end of a log, line by line; none where there is no log. `from` in bytes, where it has not been moved aside since: what stands before is not told. */
export function lastLines(file: string, count: number, from = 0): string[] {
  const size = sizeOf(file);
  return readFrom(file, Math.max(from > size ? 0 : from, size - TAIL_BYTES)).toString('utf8').split('\n').filter((line) => line !== '').slice(-count);
}

/** Keeps a log from growing without end: beyond 50 MB it is moved to `<file>.1`. Writers append, so they go on at the new beginning. */
export function limitSize(file: string): void {
  if (sizeOf(file) < MOST_BYTES) return;
  copyFileSync(file, `${file}.1`);
  truncateSync(file);
}

/** Hands on each whole line that is written to the files from now on, until stopped. */
export function followLogs(files: ReadonlyMap<string, string>, line: (name: string, text: string) => void): () => void {
  const places = new Map([...files].map(([name, file]) => [name, { file, offset: sizeOf(file), rest: '' }]));
  const look = (): void => {
    for (const [name, place] of places) {
      if (sizeOf(place.file) < place.offset) place.offset = 0;
      const bytes = readFrom(place.file, place.offset);
      if (bytes.length === 0) continue;
      place.offset += bytes.length;
      const lines = (place.rest + bytes.toString('utf8')).split('\n');
      place.rest = lines.pop() ?? '';
      for (const one of lines) line(name, one);
    }
  };
  const timer = setInterval(look, 250);
  return () => {
    clearInterval(timer);
    look();
  };
}

/** A service's log line in short: level and message; other lines as they are. */
export function shortLogLine(text: string): string {
  if (!text.startsWith('{')) return text;
  try {
    const entry: unknown = JSON.parse(text);
    if (typeof entry !== 'object' || entry === null || !('message' in entry) || typeof entry.message !== 'string') return text;
    const level = 'level' in entry && typeof entry.level === 'string' ? entry.level : '';
    const error = 'err' in entry && typeof entry.err === 'object' && entry.err !== null && 'message' in entry.err ? `: ${String(entry.err.message)}` : '';
    return `${level.padEnd(5)} ${entry.message}${error}`;
  } catch {
    // Not JSON after all.
    return text;
  }
}

/** In bytes; 0 where there is none. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function readFrom(file: string, offset: number): Buffer {
  if (sizeOf(file) <= offset) return Buffer.alloc(0);
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(Math.min(fstatSync(descriptor).size - offset, 4 * 1024 * 1024));
    return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, offset));
  } finally {
    closeSync(descriptor);
  }
}
