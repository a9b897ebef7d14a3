import { setTimeout } from 'node:timers/promises';

/** What calls need of the world, so that tests can turn the clock. */
export interface Runtime {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds that only ever grow. */
  readonly elapsed: () => number;
  /** From 0 to 1, 1 excluded. */
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

export const systemRuntime: Runtime = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  random: () => Math.random(),
  sleep: async (ms) => {
    await setTimeout(ms);
  },
};
