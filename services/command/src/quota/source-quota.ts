import { READ_LANES, type ReadLane, type SpentCalls } from '@clientele/event-store';
import type { CallReport } from '@clientele/providers';
import type { QuotaStatus, SourceQuota } from './governor.ts';
import { ceilingOf, hasRoom } from './spending-rules.ts';

/** Where calls are counted, for all processes. */
export interface CallLedger {
  spend(lane: ReadLane, calls: number, most: number | null): Promise<boolean>;
  spent(): Promise<SpentCalls>;
  noteMax(max: number): Promise<void>;
}

export interface GovernedQuotaOptions {
  readonly ledger: CallLedger;
  /** The part of the account's calls that is ours, above 0 to 1. */
  readonly share: number;
  readonly now: () => number;
}

/** An account that was full is asked again after this: its answers are the only news of it. */
const STALE_MS = 300_000;

/** A quota that is counted where all processes see it, so that neither a restart nor a neighbour spends it twice. */
export class GovernedQuota implements SourceQuota {
  readonly #ledger: CallLedger;
  readonly #share: number;
  readonly #now: () => number;
  #account: { used: number; max: number; at: number } | null = null;
  #max: number | null = null;
  /** What was counted in advance, and what went out: the difference is made good with the next spending. */
  #counted = 0;
  #made = 0;

  constructor({ ledger, share, now }: GovernedQuotaOptions) {
    this.#ledger = ledger;
    this.#share = share;
    this.#now = now;
  }

  /** Hears of a call as it went out. */
  heard({ operation, limits }: Pick<CallReport, 'operation' | 'limits'>): void {
    if (operation !== 'token') this.#made += 1;
    if (limits !== null) this.#account = { ...limits };
  }

  async spend(lane: ReadLane, calls: number): Promise<boolean> {
    await this.#makeGood(lane);
    if (!this.#hasRoom(lane, calls)) return false;
    const max = await this.#limit();
    const granted = await this.#ledger.spend(lane, calls, max === null ? null : ceilingOf(lane, max, this.#share));
    if (granted) this.#counted += calls;
    return granted;
  }

  async allows(lane: ReadLane, calls: number): Promise<boolean> {
    if (!this.#hasRoom(lane, calls)) return false;
    const max = await this.#limit();
    if (max === null) return true;
    return sumOf((await this.#ledger.spent()).lanes) + calls <= ceilingOf(lane, max, this.#share);
  }

  async status(): Promise<QuotaStatus> {
    const { lanes } = await this.#ledger.spent();
    const max = await this.#limit();
    const budget = max === null ? null : Math.floor(max * this.#share);
    return {
      spent: lanes,
      budget,
      left: budget === null ? null : Math.max(0, budget - sumOf(lanes)),
      account: this.#account === null ? null : { used: this.#account.used, max: this.#account.max },
    };
  }

  /** Operations that cost more than was expected of them. */
  async #makeGood(lane: ReadLane): Promise<void> {
    const missing = this.#made - this.#counted;
    if (missing <= 0) return;
    this.#counted += missing;
    try {
      await this.#ledger.spend(lane, missing, null);
    } catch (error) {
      this.#counted -= missing;
      throw error;
    }
  }

  #hasRoom(lane: ReadLane, calls: number): boolean {
    return this.#account === null || this.#now() - this.#account.at > STALE_MS || hasRoom(lane, calls, this.#account);
  }

  /** The account's limit, from its last answer, or, before the first, as an earlier process heard it. */
  async #limit(): Promise<number | null> {
    const told = this.#account?.max ?? null;
    if (told !== null && told !== this.#max) await this.#ledger.noteMax(told);
    this.#max = told ?? this.#max ?? (await this.#ledger.spent()).max;
    return this.#max;
  }
}

function sumOf(lanes: SpentCalls['lanes']): number {
  return READ_LANES.reduce((sum, lane) => sum + lanes[lane], 0);
}
