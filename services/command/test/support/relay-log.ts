import { UnavailableError, type LogEntry } from '@clientele/contracts';
import { sampleEntry } from '@clientele/testing';
import { StaleLeaderError, type RelayLog, type RelayState } from '../../src/relay/relay-log.ts';

/** A log that a test appends to, and that can be away. */
export class ListLog implements RelayLog {
  incarnation = 'log-1';
  available = true;
  entries: LogEntry[] = [];

  append(count: number, options: Parameters<typeof sampleEntry>[1] = {}): void {
    for (let index = 0; index < count; index += 1) this.entries.push(sampleEntry(this.entries.length + 1, options));
  }

  async head(): Promise<{ incarnation: string; position: number }> {
    this.#requireAvailable();
    return await Promise.resolve({ incarnation: this.incarnation, position: this.entries.length });
  }

  async readAll(afterPosition: number, limit: number): Promise<readonly LogEntry[]> {
    this.#requireAvailable();
    return await Promise.resolve(this.entries.slice(afterPosition, afterPosition + limit));
  }

  #requireAvailable(): void {
    if (!this.available) throw new UnavailableError('the log is set unavailable');
  }
}

/** The relay's row, shared by all leaders of a test. */
export class ListState implements RelayState {
  leaseEpoch = 0;
  rebuilds = 0;
  published = 0;

  async recordPublished(leaseEpoch: number, position: number): Promise<number> {
    this.#fence(leaseEpoch);
    this.published = position;
    return await Promise.resolve(this.rebuilds);
  }

  async beginRebuild(leaseEpoch: number): Promise<number> {
    this.#fence(leaseEpoch);
    this.rebuilds += 1;
    return await Promise.resolve(this.rebuilds);
  }

  #fence(leaseEpoch: number): void {
    if (leaseEpoch < this.leaseEpoch) throw new StaleLeaderError(`epoch ${this.leaseEpoch} has written`);
    this.leaseEpoch = leaseEpoch;
  }
}
