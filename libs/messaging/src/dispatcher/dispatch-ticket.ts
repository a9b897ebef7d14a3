/** One call of `dispatch`: settled when all its commands are stored, when one of them is refused, or at its deadline, whichever is first. */
export class DispatchTicket {
  readonly promise: Promise<void>;
  readonly createdAt = Date.now();
  #waiting: number;
  #settled = false;
  readonly #timer: NodeJS.Timeout;
  #resolve: () => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(commands: number, deadlineMs: number, onDeadline: () => Error) {
    this.#waiting = commands;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#timer = setTimeout(() => this.fail(onDeadline()), deadlineMs);
  }

  /** Nobody waits for it any more. */
  get settled(): boolean {
    return this.#settled;
  }

  stored(): void {
    this.#waiting -= 1;
    if (this.#waiting === 0 && this.#settle()) this.#resolve();
  }

  fail(error: Error): void {
    if (this.#settle()) this.#reject(error);
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    clearTimeout(this.#timer);
    return true;
  }
}
