const QUIET_MS = 2_000;

/** Where the run stands: one line that is written over and over on a terminal; elsewhere a line every two seconds. */
export class LiveLine {
  readonly #out: NodeJS.WriteStream;
  readonly #begun = Date.now();
  #written = 0;
  #open = false;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  readonly show = (text: string): void => {
    if (!this.#out.isTTY && Date.now() - this.#written < QUIET_MS) return;
    this.#written = Date.now();
    this.#open = this.#out.isTTY;
    const line = `${((Date.now() - this.#begun) / 1000).toFixed(0).padStart(4)} s  ${text}`;
    this.#out.write(this.#open ? `\r\u001B[2K${line.slice(0, this.#out.columns - 1)}` : `${line}\n`);
  };

  /** Wipes it: what follows begins in its place. */
  close(): void {
    if (this.#open) this.#out.write('\r\u001B[2K');
    this.#open = false;
  }
}
