/** The client library is CommonJS; this is its one door. */
export { connect, createInbox, ErrorCode, headers, nanos, nuid, AckPolicy, DeliverPolicy, DiscardPolicy, RetentionPolicy, StorageType } from 'nats';
export type { ConnectionOptions, ConsumerConfig, ConsumerInfo, Msg, MsgHdrs, NatsConnection, StoredMsg, StreamConfig, StreamInfo, Subscription } from 'nats';
import { ErrorCode, MsgHdrsImpl, NatsError, type MsgHdrs } from 'nats';

export function isNatsError(error: unknown): error is NatsError {
  return error instanceof NatsError;
}

/** The broker's own code of a JetStream API error, for example 10059 (no such stream); null for any other error. */
export function apiErrorCode(error: unknown): number | null {
  return isNatsError(error) ? (error.api_error?.err_code ?? null) : null;
}

/** Nobody listens where the request was sent: no such stream, or JetStream is not (yet) running. */
export function isNoResponders(error: unknown): boolean {
  return isNatsError(error) && error.api_error === undefined && error.code === '503';
}

/** The message is larger than the broker's `max_payload`, which the client knows. */
export function isMaxPayload(error: unknown): boolean {
  return isNatsError(error) && error.code === ErrorCode.MaxPayloadExceeded;
}

/** Headers of a message, one value each. Not set one by one: that looks for other spellings of each name among those before it. */
export function headersOf(values: Readonly<Record<string, string>>): MsgHdrs {
  return MsgHdrsImpl.fromRecord(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]])));
}
