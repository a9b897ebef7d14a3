import { parseArgs } from 'node:util';
import { StartError } from '../start/start-error.ts';

export const SECTIONS = ['append', 'ingest', 'end-to-end', 'reads', 'growth', 'parked'] as const;
/** Run only where they are named: they take minutes. */
const NAMED_ONLY: readonly Section[] = ['growth', 'parked'];
export type Section = (typeof SECTIONS)[number];

export interface BenchOptions {
  readonly sections: readonly Section[];
  /** Changes that the sustained run of `end-to-end` sends. */
  readonly changes: number;
  /** Changes that `parked` parks. */
  readonly parked: number;
  /** Length of one window. */
  readonly seconds: number;
  /** Windows of each figure that count; the middle one is shown. */
  readonly rounds: number;
  /** Where each service's metrics and CPU profile are left; null: nowhere. */
  readonly profiles: string | null;
  readonly help: boolean;
}

export const HELP = `npm run bench [-- sections] [-- options]

Measures the system on this machine, each figure beside its floor: what the ground under it gives, measured in the same run. Brings a system
of its own up (temporary folder, free ports, commits and messages synced to disk) and stops it. Stop other work before: two cores are shared
by the four services, both servers and the load.

Sections (default: all but growth and parked):
  append        conditional appends to the event store, beside raw INSERTs
  ingest        changes acknowledged by the ingest service alone, beside a bare Fastify route and bare publishes
  end-to-end    POST until queryable: sustained rate, delay at half of it, CPU time and memory of each service
  reads         records by id, beside a bare Fastify route
  growth        append and read of a stream with ten million events beside ten thousand (takes minutes, and 15 GB of disk)
  parked        end to end and reads with 100,000 changes parked, all of them tried again by themselves, beside the same without,
                before and after (takes minutes)

Options:
  --changes <n>     changes that the sustained run sends (default 30000; 200000 shows whether memory stays flat)
  --parked <n>      changes that the section parked parks (default 100000)
  --seconds <n>     length of one window (default 2)
  --rounds <n>      windows of each figure; the middle one is shown (default 5)
  --profiles <dir>  leaves each service's metrics and CPU profile there
  --help            this text
`;

/** @throws StartError naming what is not understood. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parse(args);
  const named = positionals.map(section);
  return {
    sections: named.length === 0 ? SECTIONS.filter((name) => !NAMED_ONLY.includes(name)) : SECTIONS.filter((name) => named.includes(name)),
    changes: number('changes', values.changes ?? '30000', 1, 10_000_000),
    parked: number('parked', values.parked ?? '100000', 1, 10_000_000),
    seconds: number('seconds', values.seconds ?? '2', 0.1, 600),
    rounds: number('rounds', values.rounds ?? '5', 1, 100),
    profiles: values.profiles ?? null,
    help: values.help ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        changes: { type: 'string' }, parked: { type: 'string' }, seconds: { type: 'string' }, rounds: { type: 'string' }, profiles: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (cause) {
    throw new StartError(cause instanceof Error ? cause.message : String(cause), 'npm run bench -- --help lists the options', { cause });
  }
}

function section(text: string): Section {
  const found = SECTIONS.find((name) => name === text);
  if (found === undefined) throw new StartError(`there is no section ${JSON.stringify(text)}`, `one or more of: ${SECTIONS.join(', ')}`);
  return found;
}

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new StartError(`--${name} is ${JSON.stringify(text)}`, `a number from ${least} to ${most}`);
}
