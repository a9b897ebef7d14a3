import type { AggregateDefinition } from '../definition.ts';
import type { RecordReading } from '../read.ts';
import type { RecordState } from '../record.ts';
import { defaultContext, type DecidingContext } from './deciding-context.ts';
import type { Decision } from './decision.ts';

/** Decides what a look at a record means for what is known of it. */
export function processRecordRead(
  reading: RecordReading, state: RecordState, _definition: AggregateDefinition, _context: DecidingContext = defaultContext,
): Decision {
  return { outcome: 'superseded', events: [], stateAfter: state, warnings: [], lost: reading.fields, reads: [] };
}
