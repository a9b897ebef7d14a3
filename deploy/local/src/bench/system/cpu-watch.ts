import { cpuMs } from './process-usage.ts';

/** CPU time that processes, and this one as `load`, take from now on. */
export class CpuWatch {
  /** In microseconds. */
  readonly #own = process.cpuUsage();
  readonly #before: readonly { readonly name: string; readonly pid: number; readonly ms: number }[];

  constructor(processes: ReadonlyMap<string, number>) {
    this.#before = [...processes].flatMap(([name, pid]) => {
      const ms = cpuMs(pid);
      return ms === null ? [] : [{ name, pid, ms }];
    });
  }

  /** In ms, by name. */
  end(): { readonly name: string; readonly ms: number }[] {
    const { user, system } = process.cpuUsage(this.#own);
    return [...this.#before.map(({ name, pid, ms }) => ({ name, ms: (cpuMs(pid) ?? ms) - ms })), { name: 'load', ms: (user + system) / 1000 }];
  }
}
