import type { Json, JsonObject } from '@clientele/domain';
import type { RelayState } from '../../records/record-source.ts';
import { objectsIn, textIn, timeIn } from './members.ts';

export const RELAY_FEEDBACK_QUERY =
  'SELECT Id, RemoteResource, Status, LastRelayedEventTime, ErrorCode, ErrorMessage, ErrorTime FROM EventRelayFeedback ORDER BY Id LIMIT 200';

export function relayStates(answer: Json): RelayState[] {
  return objectsIn(answer, 'records').map((row) => ({
    resource: textIn(row, 'RemoteResource'),
    status: textIn(row, 'Status'),
    lastRelayedAt: timeIn(row, 'LastRelayedEventTime'),
    error: errorIn(row),
  }));
}

function errorIn(row: JsonObject): RelayState['error'] {
  const code = textIn(row, 'ErrorCode');
  const message = textIn(row, 'ErrorMessage');
  return code === null && message === null ? null : { code, message, at: timeIn(row, 'ErrorTime') };
}
