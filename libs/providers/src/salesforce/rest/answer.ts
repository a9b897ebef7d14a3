import { ValidationError } from '@clientele/contracts';
import { isJsonObject, type Json } from '@clientele/domain';
import type { HttpAnswer } from '../../http/http-client.ts';
import { readJsonBody } from '../../json-body.ts';
import { ProviderError, type ProviderErrorKind } from '../../records/provider-error.ts';
import { textIn } from './members.ts';

/** One that does not say when to come back. The same code stands for the limit of 24 hours, which rolls, and for too many calls at once. */
const RATE_LIMIT_MS = 60_000;
const MOST_RETRY_AFTER_MS = 86_400_000;
const LONGEST_MESSAGE = 300;

/** Codes that tell what can be done better than the status that they come with. */
const KINDS = new Map<string, ProviderErrorKind>([
  ['REQUEST_LIMIT_EXCEEDED', 'rate_limited'],
  ['INVALID_SESSION_ID', 'unauthorised'],
  ['INVALID_AUTH_HEADER', 'unauthorised'],
  ['SERVER_UNAVAILABLE', 'unavailable'],
  ['QUERY_TIMEOUT', 'unavailable'],
  ['UNABLE_TO_LOCK_ROW', 'unavailable'],
  ['REQUEST_RUNNING_TOO_LONG', 'unavailable'],
  ['UNKNOWN_EXCEPTION', 'unavailable'],
  ['INVALID_TYPE', 'not_found'],
  // Of the OAuth endpoint.
  ['temporarily_unavailable', 'unavailable'],
  ['server_error', 'unavailable'],
]);

export interface AnswerContext {
  /** What was asked, without secrets: `describe Account`. */
  readonly operation: string;
  /** Ms since 1970 by our clock. */
  readonly now: number;
  /** Takes out of a text what must not be told. */
  readonly scrub: (text: string) => string;
}

/** @throws ProviderError where the answer is not a success in JSON. */
export function readAnswer(answer: HttpAnswer, context: AnswerContext): Json {
  const value = jsonOf(answer);
  if (answer.status < 200 || answer.status > 299) throw errorOf(answer, value, context);
  const type = answer.header('content-type') ?? 'no content type';
  if (value !== undefined && /\bjson\b/i.test(type)) return value;
  throw new ProviderError('unavailable', `${context.operation}: answered ${answer.status} with ${value === undefined ? 'what is no JSON' : context.scrub(type).slice(0, 80)}`, { status: answer.status });
}

function jsonOf({ body }: HttpAnswer): Json | undefined {
  try {
    return readJsonBody(body).value;
  } catch (error) {
    if (error instanceof ValidationError) return undefined;
    throw error;
  }
}

interface Said {
  readonly code: string;
  readonly message: string;
}

function errorOf(answer: HttpAnswer, value: Json | undefined, { operation, now, scrub }: AnswerContext): ProviderError {
  const { status } = answer;
  const [said = null] = (Array.isArray(value) ? value : [value]).flatMap((one: Json | undefined) => saidBy(one));
  const kind = (said && KINDS.get(said.code)) ?? kindOfStatus(status, said !== null);
  const text = said === null ? 'an answer that is not the API\'s' : `${said.code}: ${said.message}`;
  return new ProviderError(kind, `${operation}: ${status} ${scrub(text).slice(0, LONGEST_MESSAGE)}`, {
    status,
    code: said?.code ?? null,
    retryAt: retryAt(kind, answer, now),
  });
}

/** The API answers `{errorCode, message}`, most often in an array; the OAuth endpoint `{error, error_description}`. */
function saidBy(value: Json | undefined): Said[] {
  if (!isJsonObject(value)) return [];
  const code = textIn(value, 'errorCode') ?? textIn(value, 'error');
  return code === null ? [] : [{ code, message: textIn(value, 'message') ?? textIn(value, 'error_description') ?? '' }];
}

/** @param said whether the API itself speaks, and not something on the way to it. */
function kindOfStatus(status: number, said: boolean): ProviderErrorKind {
  if (status === 401) return 'unauthorised';
  if (status === 429) return 'rate_limited';
  if (status === 408 || status >= 500) return 'unavailable';
  if (status < 400) return 'invalid';
  if (!said) return 'unavailable';
  return status === 403 ? 'unauthorised' : status === 404 ? 'not_found' : 'invalid';
}

function retryAt(kind: ProviderErrorKind, answer: HttpAnswer, now: number): Date | null {
  const told = retryAfterMs(answer.header('retry-after'), answer.header('date'));
  if (told !== null) return new Date(now + told);
  return kind === 'rate_limited' ? new Date(now + RATE_LIMIT_MS) : null;
}

/** Seconds, or a date by the provider's clock. */
function retryAfterMs(value: string | null, date: string | null): number | null {
  if (value === null) return null;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - Date.parse(date ?? '');
  return ms > 0 ? Math.min(ms, MOST_RETRY_AFTER_MS) : null;
}
