import type { EntitySpec } from './entities/index.ts';
import type { OrgLife } from './life/options.ts';

/** What a simulated org is and does. The same options give the same org, change by change and byte by byte (unless its clock is live). */
export interface OrgOptions {
  /** Whatever text; the org's id follows from it, so that orgs of different seeds never meet. */
  readonly seed: string;
  /** 18 characters, where the org is to be a certain one: orgs of different seeds then meet, under one id. By default it follows from all else. */
  readonly id?: string;
  /** Records that are created, over accounts, contacts, opportunities and leads. */
  readonly records: number;
  /** Changes of single records after their creation: updates, deletions (with what hangs on them), undeletions. */
  readonly changes: number;
  /** Users that make the changes; at least 1, by default 5. */
  readonly users?: number;
  /** Commit time of the first transaction, milliseconds since 1970; by default {@link DEFAULT_START}. */
  readonly startAt?: number;
  /**
   * `history` (default): commit times follow from the seed; the org's clock goes with whoever walks through its transactions.
   * `live`: a transaction commits at the moment at which it is walked to, by this machine's clock; what it does still follows from the seed.
   */
  readonly clock?: 'history' | 'live';
  /** Whatever text; orgs that are given the same one have the same record ids, as a full sandbox copy and its production org do. */
  readonly sharedIds?: string;
  /** What else happens in the org; by default nothing of it. */
  readonly life?: OrgLife;
}

/** How the relay brings the org's changes. Shares are of events, 0 to 1, each by default 0. */
export interface FeedOptions {
  /** Sends equal changes of a transaction as one event with several record ids. Default: false. */
  readonly merge?: boolean;
  /** Events are drawn from a window of this many, instead of going in the order of their commits. Default: 0, in order. */
  readonly reorder?: number;
  /** Share of the events that are sent again a while later, half of them under a new EventBridge id. */
  readonly repeat?: number;
  /** Share whose content is lost, so that a gap event of the same position and records comes in its place. */
  readonly gaps?: number;
  /** Share of transactions all of whose events are lost; gap events, one an entity and change type, tell of them a while later. */
  readonly lossWithGap?: number;
  /** Share that is held back while up to `by` others go (by default 300). */
  readonly delay?: { readonly share: number; readonly by?: number };
  /** Share that never comes, with nothing to tell of it. */
  readonly drop?: number;
  /** So many events at the beginning never come: nobody listened yet. Default: 0. */
  readonly unheard?: number;
  /** Fields that the channel adds to updates and deletions, at most 10 an entity, with the values that they have when the event is sent. */
  readonly enriched?: Readonly<Partial<Record<EntitySpec['name'], readonly string[]>>>;
  /** Hears of each disturbance as it is made: what a run prints of itself. */
  readonly tell?: (disturbance: Disturbance) => void;
}

export type Disturbance = 'gap' | 'loss_with_gap' | 'repeat' | 'reorder' | 'delay' | 'merge' | 'drop' | 'split';

/** 2025-04-24T13:18:26Z: commit numbers, close to nanoseconds since 1970, are beyond what a double holds. */
export const DEFAULT_START = 1_745_500_706_000;
