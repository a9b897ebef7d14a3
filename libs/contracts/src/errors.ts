import type { Finding } from './outcome.ts';

/** Wrong for good: give up and tell the sender. `findings` names each field. */
export class ValidationError extends Error {
  override readonly name = 'ValidationError';
  readonly findings: readonly Finding[];
  constructor(message: string, findings: readonly Finding[] = []) {
    super(message);
    this.findings = findings;
  }
}

/** A stream was not at the expected version: read it again and decide again, now. `actual` is 0 for a stream that does not exist. */
export class ConcurrencyError extends Error {
  override readonly name = 'ConcurrencyError';
  readonly streamId: string;
  readonly expected: ExpectedVersion;
  readonly actual: number;
  constructor(streamId: string, expected: ExpectedVersion, actual: number) {
    super(`stream ${streamId} is at version ${actual}, expected ${expected}`);
    this.streamId = streamId;
    this.expected = expected;
    this.actual = actual;
  }
}

/** A version from 1, or what must hold of the stream: `none` it has no events, `exists` it has some, `any` no matter. */
export type ExpectedVersion = number | 'none' | 'exists' | 'any';

/** Something we stand on is away, full or slow: try again after `retryAfterMs`. Nothing of the call counts as done. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
  readonly retryAfterMs: number;
  constructor(message: string, retryAfterMs = 1000, options?: ErrorOptions) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The feed no longer holds what follows the asked-for position: read it from the log instead. */
export class BehindRetentionError extends Error {
  override readonly name = 'BehindRetentionError';
}

/** The command was written by a newer version of this code: leave it to a process that knows it. */
export class NewerSchemaError extends Error {
  override readonly name = 'NewerSchemaError';
}
