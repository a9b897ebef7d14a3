import type { LogEntry } from '@clientele/contracts';

export interface RelayStatus {
  /**
   * `standby`: another process leads. `comparing`: stream and log. `publishing`. `waiting`: for the database or the broker.
   * `ahead`: stopped, because the stream holds what the log does not; see `reason`.
   */
  readonly phase: 'standby' | 'comparing' | 'publishing' | 'waiting' | 'ahead';
  /** Why it waits or stopped, or what last went wrong; null where nothing did. */
  readonly reason: string | null;
  /** Position of the newest entry that is on the stream; null while this is not known. */
  readonly published: number | null;
  /** Newest position of the log, as last seen. */
  readonly head: number;
  /** Entries that are not on the stream yet; 0 while this process does not lead. */
  readonly lagEvents: number;
  /** Age of the oldest of them, in seconds. */
  readonly lagSeconds: number;
  /** Since the process started: entries published, fillings of the stream, pipelines that broke. */
  readonly publishedCount: number;
  readonly rebuilds: number;
  readonly breaks: number;
}

/** Keeps count of how far the relay is. */
export class RelayProgress {
  #phase: RelayStatus['phase'] = 'standby';
  #reason: string | null = null;
  #published: number | null = null;
  #head = 0;
  #count = 0;
  #rebuilds = 0;
  #breaks = 0;
  /** When the entries that were read and are not on the stream yet were recorded, oldest first. */
  #waiting: { readonly position: number; readonly recordedAt: number }[] = [];

  enter(phase: RelayStatus['phase'], reason: string | null = null): void {
    this.#phase = phase;
    this.#reason = reason;
    if (phase !== 'standby') return;
    this.#published = null;
    this.#waiting = [];
  }

  startAt(position: number, head: number): void {
    this.#published = position;
    this.#head = head;
    this.#waiting = [];
  }

  rebuilding(): void {
    this.#rebuilds += 1;
  }

  broke(reason: string): void {
    this.#breaks += 1;
    this.#reason = reason;
  }

  read(entries: readonly LogEntry[]): void {
    for (const { position, recordedAt } of entries) this.#waiting.push({ position, recordedAt: Date.parse(recordedAt) });
    this.sawHead(entries.at(-1)?.position ?? 0);
  }

  sawHead(position: number): void {
    this.#head = Math.max(this.#head, position);
  }

  stored(position: number): void {
    this.#published = position;
    this.#count += 1;
    while ((this.#waiting[0]?.position ?? Infinity) <= position) this.#waiting.shift();
  }

  status(): RelayStatus {
    const leads = this.#phase !== 'standby' && this.#published !== null;
    const oldest = this.#waiting[0];
    return {
      phase: this.#phase,
      reason: this.#reason,
      published: this.#published,
      head: this.#head,
      lagEvents: leads ? Math.max(0, this.#head - (this.#published ?? 0)) : 0,
      lagSeconds: leads && oldest !== undefined ? Math.max(0, (Date.now() - oldest.recordedAt) / 1000) : 0,
      publishedCount: this.#count,
      rebuilds: this.#rebuilds,
      breaks: this.#breaks,
    };
  }
}
