import type { Finding, Outcome } from '@clientele/contracts';

/** Outcomes of work that somebody, or a later version, may take up again. */
export type WaitingOutcome = Extract<Outcome, 'parked' | 'quarantined'>;

/** Moves a ledger row that waits. A unit whose row is no longer in `from` drops as `settled_meanwhile`. */
export interface Resettlement {
  readonly commandId: string;
  /** The row's partition, from the id. */
  readonly day: string;
  readonly from: WaitingOutcome;
  /** What becomes of it: the same where it goes on waiting. */
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly errors: readonly Finding[];
  readonly aggregateId: string | null;
  /** The whole command as JSON text, where it is another one now. Null: a row that goes on waiting keeps its own; a settled one has none. */
  readonly payload: string | null;
  /** RFC 3339; null: no more by itself. */
  readonly nextAttemptAt: string | null;
  /** How often it was taken up again by now. */
  readonly attempts: number;
  /** Keeps the payload that was, under the name of who replaced it and why. */
  readonly edited?: { readonly by: string; readonly reason: string };
}

/** A parked or quarantined command, as the ledger holds it. */
export interface WaitingCommand {
  readonly commandId: string;
  readonly outcome: WaitingOutcome;
  readonly commandType: string;
  readonly provider: string;
  readonly source: string | null;
  readonly entity: string | null;
  readonly externalId: string | null;
  readonly reason: string | null;
  readonly attempts: number;
  /** RFC 3339 with milliseconds. */
  readonly receivedAt: string;
  /** The whole command as JSON text. */
  readonly payload: string | null;
}

/** A parked command whose next attempt is due. */
export interface DueCommand extends WaitingCommand {
  readonly errors: readonly Finding[];
}

/** When a parked command that is due is due again, and after how many attempts. */
export interface Postponement {
  readonly commandId: string;
  readonly attempts: number;
  /** RFC 3339; null: no more by itself. */
  readonly nextAttemptAt: string | null;
}
