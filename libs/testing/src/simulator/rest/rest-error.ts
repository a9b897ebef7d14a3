import { stringifyExact } from '@clientele/contracts';

/** An error as the REST API tells it: an array of one. */
export class RestError extends Error {
  override readonly name = 'RestError';
  readonly status: number;
  readonly errorCode: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, errorCode: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.errorCode = errorCode;
    this.headers = headers;
  }

  /** @param nulls puts one before it, as arrays of errors have been seen to hold. */
  body(nulls: boolean): string {
    const error = { message: this.message, errorCode: this.errorCode };
    return stringifyExact(nulls ? [null, error] : [error]);
  }
}

export const notFound = (): RestError => new RestError(404, 'NOT_FOUND', 'The requested resource does not exist');
export const malformedQuery = (what: string): RestError => new RestError(400, 'MALFORMED_QUERY', what);
export const invalidField = (column: string, table: string): RestError => new RestError(400, 'INVALID_FIELD', `No such column '${column}' on sobject of type ${table}`);
