import { ConcurrencyError, NewerSchemaError, UnavailableError, ValidationError, type Command, type Finding } from '@clientele/contracts';
import { MovedLaneError } from './moved-lane-error.ts';
import { StaleLaneError } from './stale-lane-error.ts';
import { TooManyBugsError } from './too-many-bugs-error.ts';

/**
 * What is done about a failure. `reject`: understood and wrong, the sender is told. `retry`: decide again, now. `hold`: the lane waits
 * and tries by itself. `park`: this command is put aside whole, and the lane goes on.
 */
export type Disposition =
  | { readonly kind: 'reject'; readonly errors: readonly Finding[] }
  | { readonly kind: 'retry' }
  | { readonly kind: 'hold'; readonly reason: HoldReason; readonly retryAfterMs: number }
  | { readonly kind: 'park'; readonly reason: 'bug'; readonly errors: readonly Finding[] };

/** `stale_lane`: another process decides the lane by now, and this one lets go of it. */
export type HoldReason = 'unavailable' | 'newer_schema' | 'too_many_bugs' | 'stale_lane';

/** The one place where a failure becomes a disposition. */
export class ErrorHandler {
  /** `command`: the one that was being decided, or null where the failure concerns the whole lane. */
  handleError(error: unknown, command: Command | null): Disposition {
    if (error instanceof ValidationError) return { kind: 'reject', errors: findingsOf(error, command) };
    if (error instanceof ConcurrencyError || error instanceof MovedLaneError) return { kind: 'retry' };
    if (error instanceof UnavailableError) return { kind: 'hold', reason: 'unavailable', retryAfterMs: error.retryAfterMs };
    if (error instanceof NewerSchemaError) return { kind: 'hold', reason: 'newer_schema', retryAfterMs: RETRY_OTHER_VERSION_MS };
    if (error instanceof TooManyBugsError) return { kind: 'hold', reason: 'too_many_bugs', retryAfterMs: RETRY_OTHER_VERSION_MS };
    if (error instanceof StaleLaneError) return { kind: 'hold', reason: 'stale_lane', retryAfterMs: 0 };
    return { kind: 'park', reason: 'bug', errors: [{ path: '', code: 'bug', message: messageOf(error) }] };
  }
}

/** Another version of this code has to come: nothing is gained by asking often. */
const RETRY_OTHER_VERSION_MS = 30_000;

function findingsOf(error: ValidationError, command: Command | null): readonly Finding[] {
  return error.findings.length > 0 ? error.findings : [{ path: command?.type ?? '', code: 'invalid', message: error.message }];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
