import type { Batch } from './batch.ts';

export const STAGES = ['validate', 'map-identity', 'load', 'rules', 'decide', 'append'] as const;
export type StageName = (typeof STAGES)[number];

/** One step of the way, on a whole batch. */
export interface Stage {
  readonly name: StageName;
  /** @throws what stops the batch; what concerns one command alone is settled on it. */
  run(batch: Batch): Promise<void> | void;
}
