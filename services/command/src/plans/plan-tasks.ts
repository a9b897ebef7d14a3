import type { PlanParams, ReadingPlanKind } from './plan-params.ts';

/**
 * What a plan does, one after the other:
 * - `total`: how many records the provider has; `known`: how many we have.
 * - `changed`, `deleted`: the provider's pages, all of them sent.
 * - `gone`: the provider's deletions, those sent that we do not know of.
 * - `settle`: waits until what was sent is decided.
 * - `held`: whether we hold each record that the provider has.
 * - `ours`: what we hold as alive, against the provider; `theirs`: what only the provider has; `sample`: some of ours, drawn.
 */
export type Stage = 'total' | 'known' | 'changed' | 'deleted' | 'gone' | 'settle' | 'held' | 'ours' | 'theirs' | 'sample';

export interface PlanTask {
  readonly stage: Stage;
  readonly entity: string;
}

/** A plan's tasks, the same each time that it is asked. */
export function tasksOf(kind: ReadingPlanKind, { entities, mode }: Pick<PlanParams, 'entities' | 'mode'>): readonly PlanTask[] {
  const forEach = (...stages: readonly Stage[]): PlanTask[] => entities.flatMap((entity) => stages.map((stage) => ({ stage, entity })));
  switch (kind) {
    case 'load':
      return [...forEach('total'), ...forEach('changed'), ...forEach('settle', 'held')];
    case 'window':
    case 'repair':
      return [...forEach('changed', 'deleted'), ...forEach('settle')];
    case 'reconciliation':
      return mode === 'sample' ? forEach('sample') : [...forEach('known'), ...forEach('gone', 'settle', 'ours', 'theirs')];
  }
}
