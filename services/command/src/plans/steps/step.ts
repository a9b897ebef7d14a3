import type { PlanParams, ReadingPlanKind } from '../plan-params.ts';
import type { Place } from '../plan-cursor.ts';
import type { Tally } from '../plan-tally.ts';
import type { Reading } from '@clientele/providers';
import type { HeldRecords } from '../held-records.ts';
import type { Answer } from '../../reading/record-read-command.ts';
import type { ReadableSource } from '../../sources/source-book.ts';

/** What a step has in hand. */
export interface StepContext {
  readonly planId: string;
  readonly kind: ReadingPlanKind;
  readonly params: PlanParams;
  readonly entity: string;
  readonly source: ReadableSource;
  readonly held: HeldRecords;
  /** The last commands that the plan sent. */
  readonly sent: readonly string[];
  /** Records of a page. */
  readonly pageRecords: number;
  readonly signal: AbortSignal;
  readonly now: () => number;
  /**
   * Asks the provider, where the quota allows so many calls; counts what it really cost.
   * @throws ProviderError; OutOfQuotaError where the quota does not; the signal's reason
   */
  readonly ask: <T extends { readonly calls: number }>(calls: number, question: () => Promise<T>) => Promise<T>;
}

/** A reading to be decided, and why it was taken. */
export interface Sendable {
  readonly reading: Answer;
  readonly cause: string;
}

export interface StepResult {
  /** Where the task goes on; null: it is done. */
  readonly place: Place | null;
  readonly send?: readonly Sendable[];
  /** Records to be asked for by and by, since the provider does not show them just now: what it said of them. */
  readonly later?: readonly Reading[];
  /** Of the entity. */
  readonly add?: Tally;
  readonly set?: Tally;
  /** Before the next step. */
  readonly pauseMs?: number;
}

/** One page of a task, or less: what a crash repeats. */
export type Step = (context: StepContext, place: Place | null) => Promise<StepResult>;

/** Ids of a page, which cost one call: as many as a provider tells at once. */
export const LISTED = 2000;

/** What a page of records is expected to cost: a query and a retrieval. What it costs beyond that is counted afterwards. */
export const CALLS_OF_A_PAGE = 2;

export function textOf(place: Place | null, name: string): string | null {
  const value = place?.[name];
  return typeof value === 'string' ? value : null;
}

export function numberOf(place: Place | null, name: string): number {
  const value = place?.[name];
  return typeof value === 'number' ? value : 0;
}
