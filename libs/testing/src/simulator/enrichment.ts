import { stringifyExact } from '@clientele/contracts';
import { composeFields } from '@clientele/domain';
import type { FeedOptions } from './options.ts';
import type { OrgRecords } from './org-records.ts';
import type { EventDraft } from './relay-event.ts';

/** Drafts wait for so many others to follow before they are sent, so that what is added to them may be of a later time. */
const SENT_AFTER = 12;

/** Adds the values that the channel's fields have when the event is sent. Records of one event that differ in them go apart, at the same position. */
export function* enriched(drafts: Iterable<EventDraft>, records: OrgRecords, fields: NonNullable<FeedOptions['enriched']>, split: () => void): Generator<EventDraft> {
  const waiting: EventDraft[] = [];
  for (const draft of drafts) {
    waiting.push(draft);
    if (waiting.length > SENT_AFTER) for (const first of waiting.splice(0, 1)) yield* enrich(first, records, fields, split);
  }
  for (const draft of waiting) yield* enrich(draft, records, fields, split);
}

function enrich(draft: EventDraft, records: OrgRecords, fields: NonNullable<FeedOptions['enriched']>, split: () => void): EventDraft[] {
  const [first] = draft.group;
  const added = first === undefined || (first.changeType !== 'UPDATE' && first.changeType !== 'DELETE') ? [] : (fields[first.entity] ?? []);
  if (added.length === 0) return [draft];
  const parts = new Map<string, EventDraft>();
  for (const change of draft.group) {
    const record = records.find(change.recordId);
    const enrichment = composeFields(added.filter((path) => !((path.split('.')[0] ?? '') in change.body)).flatMap((path) => {
      const value = record?.fields.get(path);
      return value === undefined ? [] : [{ path, value }];
    }));
    const key = stringifyExact(enrichment);
    parts.set(key, { ...draft, enrichment, group: [...(parts.get(key)?.group ?? []), change] });
  }
  if (parts.size > 1) split();
  return [...parts.values()];
}
