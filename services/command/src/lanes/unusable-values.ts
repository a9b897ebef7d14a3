import { isInstant, isStorable, type Command, type EventWriteDTO, type Finding } from '@clientele/contracts';

/** What a column of short text takes; no such text can be part of a name. */
export const SHORT_TEXT = /^[^\p{Cc}\p{Cs}]{1,255}$/u;
/** A waiting command may be one of which neither source nor record could be read. */
const SHORT_OR_EMPTY = /^[^\p{Cc}\p{Cs}]{0,255}$/u;
/** What people say of an order; it stands in a column too. */
const SENTENCE = /^[^\p{Cc}\p{Cs}]{0,1000}$/u;

type Value = readonly [path: string, value: string | null | undefined];

/** Values that could not be kept: they stand in columns, and a command that cannot be kept would stop its lane. */
export function unusableValues(command: Command): readonly Finding[] {
  return [...unusableNames(command), ...unusableTimes(command), ...unusableTexts(command)];
}

function unusableNames(command: Command): readonly Finding[] {
  const names: Value[] = [['/commandId', command.commandId], ['/provider', command.provider]];
  switch (command.type) {
    case 'ProcessCrmEvent':
      return wrong([...names, ...namesOfEvent(command.event)], SHORT_TEXT);
    case 'QuarantineBody':
      return wrong([...names, ['/source', command.source]], SHORT_TEXT);
    case 'RecordRead': {
      const { source, entity, external_id: externalId, survivor_id: survivorId, cause } = command;
      const own: Value[] = [
        ['/source', source], ['/entity', entity], ['/external_id', externalId], ['/survivor_id', survivorId], ['/cause', cause],
      ];
      return wrong([...names, ...own], SHORT_TEXT);
    }
    case 'RedriveParked':
    case 'EditParked':
    case 'DiscardParked': {
      const { source, entity, external_id: externalId } = command;
      const event = command.type === 'EditParked' ? namesOfEvent(command.event) : [];
      const own: Value[] = [['/target', command.target], ['/requestedBy', command.requestedBy], ['/redriveId', command.redriveId]];
      const reason: Value[] = command.type === 'RedriveParked' ? [] : [['/reason', command.reason]];
      return [
        ...wrong([...names, ...own, ...event], SHORT_TEXT),
        ...wrong([['/source', source], ['/entity', entity], ['/external_id', externalId]], SHORT_OR_EMPTY),
        ...wrong(reason, SENTENCE),
      ];
    }
  }
}

function namesOfEvent({ source, entity, external_id: externalId }: EventWriteDTO): Value[] {
  return [['/event/source', source], ['/event/entity', entity], ['/event/external_id', externalId]];
}

function wrong(values: readonly Value[], allowed: RegExp): Finding[] {
  const message = allowed === SENTENCE
    ? 'must be at most 1,000 characters, none of them a control character'
    : 'must be 1 to 255 characters, none of them a control character';
  return values.filter(([, value]) => typeof value === 'string' && !allowed.test(value)).map(([path]) => ({ path, code: 'name', message }));
}

/** Of what is told of a change. Its fields are looked at where it comes in; here may be what an operator wrote. */
function unusableTexts(command: Command): readonly Finding[] {
  if (command.type !== 'ProcessCrmEvent' && command.type !== 'EditParked') return [];
  const findings: Finding[] = [];
  const visit = (value: unknown, path: string): void => {
    if (typeof value === 'string' && !isStorable(value)) findings.push({ path, code: 'character', message: 'holds U+0000 or half a surrogate pair, which cannot be stored' });
    else if (typeof value === 'object' && value !== null) for (const [key, member] of Object.entries(value)) visit(member, `${path}/${key}`);
  };
  visit(command.event.metadata, '/event/metadata');
  return findings;
}

function unusableTimes(command: Command): readonly Finding[] {
  const times: [string, string][] = [['/receivedAt', command.receivedAt]];
  if (command.type === 'ProcessCrmEvent' || command.type === 'EditParked') {
    const { occurred_at: occurredAt, metadata } = command.event;
    times.push(['/event/occurred_at', occurredAt], ['/event/metadata/clock/commit_time', metadata.clock.commit_time]);
  }
  if (command.type === 'RecordRead') times.push(['/read/from', command.read.from], ['/read/until', command.read.until]);
  return times
    .filter(([, time]) => !isInstant(time))
    .map(([path]) => ({ path, code: 'date-time', message: 'must be an RFC 3339 time that the calendar knows' }));
}
