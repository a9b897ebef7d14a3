/** What a request asks for. */
export type CallKind = 'token' | 'versions' | 'sobjects' | 'describe' | 'record' | 'collection' | 'query' | 'query_all' | 'query_more' | 'deleted' | 'updated' | 'limits' | 'unknown';

export interface Request {
  readonly method: string;
  readonly url: URL;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const KINDS: readonly (readonly [RegExp, CallKind])[] = [
  [/^\/services\/oauth2\/token$/, 'token'],
  [/^\/services\/data\/?$/, 'versions'],
  [/\/sobjects\/?$/, 'sobjects'],
  [/\/composite\/sobjects\/\w+\/?$/, 'collection'],
  [/\/sobjects\/\w+\/describe\/?$/, 'describe'],
  [/\/sobjects\/\w+\/deleted\/?$/, 'deleted'],
  [/\/sobjects\/\w+\/updated\/?$/, 'updated'],
  [/\/sobjects\/\w+\/[^/]+\/?$/, 'record'],
  [/\/query\/?$/, 'query'],
  [/\/queryAll\/?$/i, 'query_all'],
  [/\/query(All)?\/[^/]+$/i, 'query_more'],
  [/\/limits\/?$/, 'limits'],
];

export function kindOf(path: string): CallKind {
  return KINDS.find(([pattern]) => pattern.test(path))?.[1] ?? 'unknown';
}
