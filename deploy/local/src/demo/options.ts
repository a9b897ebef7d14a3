import { parseArgs } from 'node:util';
import { DemoError } from './demo-error.ts';

export interface DemoOptions {
  readonly seed: string;
  readonly records: number;
  readonly changes: number;
  /** Events a second. */
  readonly rate: number;
  readonly repeat: number;
  readonly reorder: number;
  readonly merge: boolean;
  readonly help: boolean;
}

/** What a switch means that is given without a value. */
const SWITCHED_ON = { repeat: '0.2', reorder: '100' } as const;

export const HELP = `npm run demo [-- options]

Lets a simulated Salesforce org work against the running system (npm start), waits until every change is accounted for, and compares the
org's records with what the query service says, field by field. Ends with 1 on any difference.

  --records <n>       records that are created (default 300)
  --changes <n>       changes of them: updates, deletions, undeletions (default 3000)
  --rate <n>          events a second (default 300, as EventBridge allows)
  --seed <text>       another org: the same seed gives the same changes again (default clientele)
  --repeat [share]    sends a share of the events again, a while later (default off; without a number ${SWITCHED_ON.repeat})
  --reorder [window]  draws events from a window of so many, instead of in order (default off; without a number ${SWITCHED_ON.reorder})
  --merge             sends equal changes as one event with several record ids
  --help              this text

The system is the one that npm start announced, else the one that INGEST_PORT, QUERY_PORT, HOST, INGEST_API_KEYS and QUERY_API_KEYS name.
Services may be killed while it runs: events are sent again as EventBridge sends them.
`;

/** @throws DemoError naming what is wrong with an option. */
export function readOptions(args: readonly string[]): DemoOptions {
  const values = parsed(args);
  return {
    seed: values.seed ?? 'clientele',
    records: number('records', values.records ?? '300', { from: 1, to: 1_000_000, whole: true }),
    changes: number('changes', values.changes ?? '3000', { from: 0, to: 10_000_000, whole: true }),
    rate: number('rate', values.rate ?? '300', { from: 1, to: 100_000 }),
    repeat: number('repeat', values.repeat ?? '0', { from: 0, to: 1 }),
    reorder: number('reorder', values.reorder ?? '0', { from: 0, to: 100_000, whole: true }),
    merge: values.merge ?? false,
    help: values.help ?? false,
  };
}

function parsed(args: readonly string[]) {
  try {
    const text = { type: 'string' } as const;
    const flag = { type: 'boolean' } as const;
    return parseArgs({
      args: withDefaults(args),
      options: { seed: text, records: text, changes: text, rate: text, repeat: text, reorder: text, merge: flag, help: { ...flag, short: 'h' } },
    }).values;
  } catch (cause) {
    throw new DemoError(cause instanceof Error ? cause.message : String(cause), 'npm run demo -- --help shows the options', { cause });
  }
}

/** `--repeat` and `--reorder` may stand alone. */
function withDefaults(args: readonly string[]): string[] {
  return args.map((arg, at) => {
    const standsAlone = args[at + 1]?.startsWith('-') ?? true;
    if (arg === '--repeat' && standsAlone) return `--repeat=${SWITCHED_ON.repeat}`;
    if (arg === '--reorder' && standsAlone) return `--reorder=${SWITCHED_ON.reorder}`;
    return arg;
  });
}

function number(name: string, text: string, range: { readonly from: number; readonly to: number; readonly whole?: boolean }): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= range.from && value <= range.to && (!range.whole || Number.isInteger(value))) return value;
  throw new DemoError(`--${name} is ${JSON.stringify(text)}`, `a ${range.whole ? 'whole ' : ''}number from ${range.from} to ${range.to}`);
}
