import { FULL_LIFE, type OrgLife } from '@clientele/testing';

const { rush = 0, hot = 0, stampDelayMs = 0, merges = 0, conversions = 0, hardDeletes = 0, largeTexts = 0, personAccounts = 0, own, gaps = 0, generationJump = 0 } = FULL_LIFE;

/** What can happen in the demo's org beside daily work, by the names that `--life` knows. */
export const LIFE = {
  gaps: { gaps },
  overflow: { overflow: { share: 0.003, size: 60, threshold: 30 } },
  diffs: { largeTexts },
  merges: { merges },
  conversions: { conversions },
  persons: { personAccounts },
  purges: { hardDeletes },
  own: own === undefined ? {} : { own },
  stamps: { rush, hot, stampDelayMs },
  move: { generationJump },
} as const satisfies Record<string, OrgLife>;
export type LifePart = keyof typeof LIFE;

export function lifeOf(parts: readonly LifePart[]): OrgLife {
  return parts.reduce<OrgLife>((life, part) => ({ ...life, ...LIFE[part] }), {});
}
