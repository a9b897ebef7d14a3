import { stringifyExact } from '@clientele/contracts';
import type { Answer } from './call.ts';
import { RestError } from './rest-error.ts';

/** The calls that all users of the org may make in a day together. Both numbers may be changed at will: others call too, and days pass. */
export class Quota {
  max: number;
  used = 0;

  constructor(max: number) {
    this.max = max;
  }

  /** @throws RestError 403 when nothing is left; such a call costs nothing. */
  spend(): void {
    if (this.used >= this.max) throw exceeded();
    this.used += 1;
  }

  get headers(): Readonly<Record<string, string>> {
    return { 'Sforce-Limit-Info': `api-usage=${this.used}/${this.max}` };
  }

  /** `limits`. */
  answer(): Answer {
    const left = Math.max(0, this.max - this.used);
    return { status: 200, body: stringifyExact({ DailyApiRequests: { Max: this.max, Remaining: left }, DailyBulkV2QueryJobs: { Max: 10_000, Remaining: 10_000 } }) };
  }
}

export function exceeded(): RestError {
  return new RestError(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.');
}
