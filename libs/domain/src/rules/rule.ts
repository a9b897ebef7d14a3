import type { Finding } from '../finding.ts';

/** One rule: what breaks it, in a context. A function named as the sentence that must hold; no finding: it holds. */
export type Rule<Context> = (context: Context) => readonly Finding[];

/** Every broken rule's findings, in the order of the rules. */
export function brokenRules<Context>(rules: readonly Rule<Context>[], context: Context): Finding[] {
  return rules.flatMap((rule) => rule(context));
}
