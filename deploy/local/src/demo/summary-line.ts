/** How far a run has come. */
export interface Summary {
  readonly sent: number;
  readonly accepted: number;
  readonly retried: number;
  readonly dropped: number;
  readonly lastFailure: number | string | null;
  /** Changes in the events that were accepted. */
  readonly changes: number;
  /** Changes that the command service is done with, since the demo began. */
  readonly processed: number;
  /** Null while not known. */
  readonly inFlight: number | null;
  readonly unaccounted: number | null;
  /** That the orgs' REST APIs got; null where they have none. */
  readonly calls: number | null;
}

const QUIET_MS = 2_000;

/** One line that is written over and over on a terminal; elsewhere a line every two seconds. */
export class SummaryLine {
  readonly #out: NodeJS.WriteStream;
  readonly #begun = Date.now();
  #written = 0;
  #open = false;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  show(summary: Summary): void {
    if (!this.#out.isTTY && Date.now() - this.#written < QUIET_MS) return;
    this.#write(summary);
  }

  /** Writes it a last time. */
  end(summary: Summary): void {
    this.#write(summary);
    this.close();
  }

  /** Leaves the line as it stands: what follows begins on the next. */
  close(): void {
    if (this.#open) this.#out.write('\n');
    this.#open = false;
  }

  #write(summary: Summary): void {
    const text = textOf(summary, (Date.now() - this.#begun) / 1000);
    this.#written = Date.now();
    this.#open = this.#out.isTTY;
    this.#out.write(this.#open ? `\r\u001B[2K${text.slice(0, this.#out.columns - 1)}` : `${text}\n`);
  }
}

function textOf({ sent, accepted, retried, dropped, changes, processed, inFlight, unaccounted, calls }: Summary, seconds: number): string {
  const parts = [
    `sent ${sent}`, `accepted ${accepted}`, `retried ${retried}`, ...(dropped > 0 ? [`dropped ${dropped}`] : []), `changes ${changes}`, `processed ${processed}`,
    ...(calls === null ? [] : [`provider calls ${calls}`]), `in flight ${inFlight ?? '?'}`, `unaccounted ${unaccounted ?? '?'}`,
    `${Math.round(accepted / Math.max(seconds, 0.001))} events/s`,
  ];
  return `${seconds.toFixed(0).padStart(4)} s  ${parts.join('  ')}`;
}
