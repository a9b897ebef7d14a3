import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError, type ProcessCrmEvent } from '@clientele/contracts';
import { change } from './commands.ts';
import type { StoredEventRow, TestSystem } from './system.ts';

const RECORDS = Array.from({ length: 40 }, (_, index) => `001000000000${String(index).padStart(3, '0')}AAA`);
const CHANGES_A_ROUND = 40;
const MOST_UNDECIDED = 800;
/** Between two rounds: two thousand changes a second are load enough, and leave a small machine something for the rest of a test. */
const PACE_MS = 20;

/** Sends changes of some records, each later than the one before, until it is stopped; what was refused is sent again, as a CRM does. */
export class Load {
  readonly #system: TestSystem;
  readonly #sent = new Map<string, string[]>();
  #running = true;
  #done: Promise<void> = Promise.resolve();
  acknowledged = 0;
  refused = 0;

  constructor(system: TestSystem) {
    this.#system = system;
  }

  start(): this {
    this.#done = this.#run();
    return this;
  }

  /** Resolves once everything that was begun is acknowledged. */
  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
  }

  /** Change ids of each record in the order in which they were sent. */
  get sent(): ReadonlyMap<string, readonly string[]> {
    return this.#sent;
  }

  async #run(): Promise<void> {
    for (let round = 0; this.#goesOn(); round += 1) {
      const commands = Array.from({ length: CHANGES_A_ROUND }, (_, index) => {
        const externalId = RECORDS[(round * 7 + index) % RECORDS.length] ?? '';
        const data = { Name: `round ${round}`, Index: index };
        // A record that begins with an update would be in doubt, and say so by an event of its own.
        return change({ externalId, data, ...(round === 0 ? { type: 'Created' } : { changedFields: ['Name', 'Index'] }) });
      });
      for (const { commandId, event: { external_id: id = '' } } of commands) this.#sent.set(id, [...(this.#sent.get(id) ?? []), commandId]);
      await this.#sendUntilAcknowledged(commands);
      this.acknowledged += commands.length;
      await this.#untilNearlyDecided();
    }
  }

  /** A test that failed stops its system, not its load. */
  #goesOn(): boolean {
    return this.#running && !this.#system.isStopped;
  }

  /** A machine that decides slowly is not to be buried; one whose database is away is not waited for. */
  async #untilNearlyDecided(): Promise<void> {
    do {
      await sleep(PACE_MS);
    } while (this.#goesOn() && this.acknowledged - (await this.#decided()) > MOST_UNDECIDED);
  }

  async #decided(): Promise<number> {
    return await this.#system.accounting().then(({ accepted }) => accepted, () => this.acknowledged);
  }

  async #sendUntilAcknowledged(commands: readonly ProcessCrmEvent[]): Promise<void> {
    for (;;) {
      try {
        return await this.#system.send(...commands);
      } catch (error) {
        if (this.#system.isStopped) return;
        if (!(error instanceof UnavailableError)) throw error;
        this.refused += 1;
        await sleep(100);
      }
    }
  }
}

/** What is wrong with the events of a load: each record's changes must stand in its one stream once, in the order sent. */
export function disorders(sent: ReadonlyMap<string, readonly string[]>, events: readonly StoredEventRow[]): string[] {
  const wrong: string[] = [];
  for (const [externalId, ids] of sent) {
    const own = events.filter(({ external_id: id }) => id === externalId);
    if (new Set(own.map(({ stream_id: stream }) => stream)).size > 1) wrong.push(`${externalId}: several streams`);
    const versions = own.map(({ version }) => version);
    if (versions.some((version, index) => version !== index + 1)) wrong.push(`${externalId}: versions ${versions.join()}`);
    const stored = own.map(({ change_id: id }) => id);
    if (stored.join() === ids.join()) continue;
    wrong.push(`${externalId}: sent ${ids.length}, stored ${stored.length}: ${firstDifference(ids, stored)}`);
  }
  events.forEach(({ position }, index) => {
    if (position !== index + 1) wrong.push(`position ${position} stands at ${index + 1}`);
  });
  return wrong;
}

function firstDifference(expected: readonly string[], found: readonly string[]): string {
  const at = expected.findIndex((id, index) => found[index] !== id);
  return `at ${at} ${String(expected[at])} was expected, ${String(found[at])} stands`;
}
