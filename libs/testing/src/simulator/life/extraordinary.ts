import type { Draw } from '../entities/index.ts';
import type { OrgChange } from '../org-change.ts';
import type { Moment, OrgRecord } from '../org-record.ts';
import type { OrgRecords } from '../org-records.ts';
import type { Random } from '../random.ts';
import { convert } from './conversion.ts';
import { convertField, massChange, overflowing } from './mass-change.ts';
import { merge } from './merge.ts';
import type { OrgLife } from './options.ts';

/** What beside change kinds happened in an org. */
export type Happening =
  | 'merge' | 'conversion' | 'hard_delete' | 'vanishing' | 'field_conversion' | 'overflow' | 'person_account' | 'large_text' | 'text_diff' | 'own' | 'gap'
  | 'quiet_gap' | 'late_stamp' | 'silent_loss' | 'generation_jump';

export interface Extraordinary {
  readonly happening: Extract<Happening, 'merge' | 'conversion' | 'field_conversion' | 'overflow'>;
  readonly changes: OrgChange[];
  /** What happened without being announced. */
  readonly hidden: readonly OrgChange[];
}

/** A transaction that is not daily work, or null. */
export function extraordinary(life: OrgLife, records: OrgRecords, random: Random, moment: Moment, draw: Draw): Extraordinary | null {
  const { merges = 0, conversions = 0, fieldConversions = 0, overflow } = life;
  const what = random.next();
  const before = [merges, conversions, fieldConversions, overflow?.share ?? 0].map((share, at, shares) => shares.slice(0, at).reduce((sum, one) => sum + one, share));
  const [merging = 0, converting = 0, retyping = 0, massing = 0] = before;
  if (what < merging) return done('merge', merge(records, random, moment));
  if (what < converting) return done('conversion', convert(records, random, moment, draw, life));
  if (what < retyping) return done('field_conversion', convertField(records, random, moment));
  if (what >= massing || overflow === undefined) return null;
  const { announced, hidden } = overflowing(massChange(records, random, moment, draw, overflow.size), overflow.threshold);
  return done('overflow', announced, hidden);
}

/** What happens in passing, and is never told. */
export function unannounced(life: OrgLife, records: OrgRecords, random: Random, moment: Moment): { purged: readonly OrgRecord[]; vanished: readonly OrgRecord[] } {
  const purged = records.deletions > 0 && random.chance(life.hardDeletes ?? 0) ? records.purge(random) : [];
  const contacts = records.live('Contact');
  const vanished = contacts.size > 0 && random.chance(life.vanishings ?? 0) ? records.vanish(contacts.draw(random), moment) : [];
  return { purged, vanished };
}

function done(happening: Extraordinary['happening'], changes: OrgChange[], hidden: readonly OrgChange[] = []): Extraordinary | null {
  return changes.length === 0 ? null : { happening, changes, hidden };
}
