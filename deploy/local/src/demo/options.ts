import { parseArgs } from 'node:util';
import type { OrgLife } from '@clientele/testing';
import { DemoError } from './demo-error.ts';
import { LIFE, lifeOf, type LifePart } from './life.ts';

export interface DemoOptions {
  readonly seed: string;
  /** 1 or 2. */
  readonly orgs: number;
  readonly records: number;
  readonly changes: number;
  /** Events a second, of all orgs together. */
  readonly rate: number;
  readonly repeat: number;
  readonly reorder: number;
  readonly merge: boolean;
  /** What happens in the orgs beside daily work; none of it where they cannot be read. */
  readonly life: OrgLife | null;
  /** Seconds; 0: the provider stays there. */
  readonly providerDown: number;
  /** Stays until it is stopped, and has the org answer again. */
  readonly hold: boolean;
  readonly help: boolean;
}

/** What a switch means that is given without a value. */
const SWITCHED_ON = { repeat: '0.2', reorder: '100' } as const;
const PARTS = Object.keys(LIFE).join(', ');
/** While the provider is down, and after it, changes must come. */
const AROUND_OUTAGE_S = 10;
/** Of fewer records all would be deleted or merged before the changes are made. */
const CHANGES_A_RECORD = 10;

export const HELP = `npm run demo [-- options]

Lets a simulated Salesforce org work against the running system (npm start): its records are loaded, its feed is sent with all that feeds do
(gaps, an overflow, text differences, merges, conversions, events that come late), and its REST API answers beside it, slowly and with mishaps. Waits until
every change is accounted for and nothing is in doubt, compares the org's records with what the query service says, field by field, and ends with 1
on any difference. At last it leaves one change that nobody can decide and one gap, and says how to find and mend them.

  --records <n>       records that are created (default 300; more where there are more than ten changes of each)
  --changes <n>       changes of them: updates, deletions, undeletions (default 3000)
  --rate <n>          events a second (default 300, as EventBridge allows)
  --seed <text>       another org: the same seed does the same again (default clientele)
  --orgs <n>          2: a second org with the same record ids beside it (default 1)
  --life <parts>      what happens beside daily work: full (default), none, or some of
                      ${PARTS}
  --repeat [share]    sends a share of the events again, a while later (default off; without a number ${SWITCHED_ON.repeat})
  --reorder [window]  draws events from a window of so many, instead of in order (default off; without a number ${SWITCHED_ON.reorder})
  --merge             sends equal changes as one event with several record ids
  --provider-down <s> nobody answers at the REST API for so many seconds; shows how long changes took meanwhile (unless told, sends enough of them)
  --hold              stays until Ctrl-C, and lets the org answer again once you have looked at what was left (press Enter)
  --help              this text

The system is the one that npm start announced, else the one that INGEST_PORT, QUERY_PORT, HOST, INGEST_API_KEYS and QUERY_API_KEYS name. One that runs
by a configuration of your own does not know the demo's orgs: then only what needs no reads is shown (--life none).
Services may be killed while it runs: events are sent again as EventBridge sends them.
`;

/** @throws DemoError naming what is wrong with an option. */
export function readOptions(args: readonly string[]): DemoOptions {
  const values = parsed(args);
  const rate = number('rate', values.rate ?? '300', { from: 1, to: 100_000 });
  const providerDown = number('provider-down', values['provider-down'] ?? '0', { from: 0, to: 86_400 });
  const enough = providerDown === 0 ? 0 : Math.ceil((providerDown + AROUND_OUTAGE_S) * rate);
  const changes = number('changes', values.changes ?? String(Math.max(3000, enough)), { from: 0, to: 10_000_000, whole: true });
  const records = values.records ?? String(Math.max(300, Math.ceil(changes / CHANGES_A_RECORD)));
  return {
    seed: values.seed ?? 'clientele',
    orgs: number('orgs', values.orgs ?? '1', { from: 1, to: 2, whole: true }),
    records: number('records', records, { from: 1, to: 1_000_000, whole: true }),
    changes,
    rate,
    repeat: number('repeat', values.repeat ?? '0', { from: 0, to: 1 }),
    reorder: number('reorder', values.reorder ?? '0', { from: 0, to: 100_000, whole: true }),
    merge: values.merge ?? false,
    life: life(values.life ?? 'full'),
    providerDown,
    hold: values.hold ?? false,
    help: values.help ?? false,
  };
}

function parsed(args: readonly string[]) {
  try {
    const text = { type: 'string' } as const;
    const flag = { type: 'boolean' } as const;
    return parseArgs({
      args: withDefaults(args),
      options: {
        seed: text, orgs: text, records: text, changes: text, rate: text, repeat: text, reorder: text, merge: flag, life: text, 'provider-down': text, hold: flag,
        help: { ...flag, short: 'h' },
      },
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

function life(text: string): OrgLife | null {
  if (text === 'none') return null;
  const parts = text === 'full' ? Object.keys(LIFE) : text.split(',').map((part) => part.trim());
  const wrong = parts.find((part) => !isLifePart(part));
  if (wrong !== undefined) throw new DemoError(`--life names ${JSON.stringify(wrong)}`, `full, none, or some of ${PARTS}, with commas between`);
  return lifeOf(parts.filter(isLifePart));
}

function isLifePart(part: string): part is LifePart {
  return Object.hasOwn(LIFE, part);
}

function number(name: string, text: string, range: { readonly from: number; readonly to: number; readonly whole?: boolean }): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= range.from && value <= range.to && (!range.whole || Number.isInteger(value))) return value;
  throw new DemoError(`--${name} is ${JSON.stringify(text)}`, `a ${range.whole ? 'whole ' : ''}number from ${range.from} to ${range.to}`);
}
