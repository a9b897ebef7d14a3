/**
 * What the caller can do:
 * - `unauthorised`: a person must mend the credentials or permissions; ask again at `retryAt` at the earliest.
 * - `rate_limited`: come back at `retryAt`; the provider is well.
 * - `unavailable`: away, slow, or talking nonsense; come back at `retryAt`.
 * - `not_found`: no such entity for us, or no such API: nothing of it can be read until the configuration or permissions change.
 * - `invalid`: the provider refuses what we asked; asking again is of no use.
 */
export type ProviderErrorKind = 'unauthorised' | 'rate_limited' | 'unavailable' | 'not_found' | 'invalid';

export interface ProviderErrorDetails {
  /** HTTP status; null where there was no answer. */
  readonly status?: number | null;
  /** The provider's own code for it. */
  readonly code?: string | null;
  readonly retryAt?: Date | null;
  readonly cause?: unknown;
}

/** The code of an error that is no answer: the provider was not asked, since the last calls to it failed. */
export const CIRCUIT_OPEN = 'circuit_open';

/** A read that the provider did not answer. Its message holds no secret. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly kind: ProviderErrorKind;
  readonly status: number | null;
  readonly code: string | null;
  readonly retryAt: Date | null;

  constructor(kind: ProviderErrorKind, message: string, { status = null, code = null, retryAt = null, cause }: ProviderErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.status = status;
    this.code = code;
    this.retryAt = retryAt;
  }
}
