import { malformedQuery } from '../rest-error.ts';

export interface Token {
  readonly kind: 'word' | 'string' | 'number' | 'date' | 'datetime' | 'sign';
  readonly text: string;
}

const TOKEN = new RegExp([
  String.raw`(?<string>'(?:[^'\\]|\\.)*')`,
  String.raw`(?<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))`,
  String.raw`(?<date>\d{4}-\d\d-\d\d)`,
  String.raw`(?<number>[+-]?\d+(?:\.\d+)?)`,
  String.raw`(?<word>[A-Za-z_][\w.]*)`,
  String.raw`(?<sign><=|>=|!=|<>|[=<>(),])`,
].join('|'), 'suy');
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

/** @throws RestError MALFORMED_QUERY at the first sign that SOQL does not have. */
export function tokensOf(soql: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < soql.length; ) {
    const space = /\s*/y;
    space.lastIndex = at;
    at += space.exec(soql)?.[0].length ?? 0;
    if (at >= soql.length) break;
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(soql);
    if (match === null) throw malformedQuery(`unexpected token: '${soql.slice(at, at + 10)}'`);
    const [kind, text] = Object.entries(match.groups ?? {}).find(([, value]) => value !== undefined) ?? ['sign', match[0]];
    tokens.push({ kind: isKind(kind) ? kind : 'sign', text: kind === 'string' ? unquoted(text) : text });
    at = TOKEN.lastIndex;
  }
  return tokens;
}

function isKind(kind: string): kind is Token['kind'] {
  return ['word', 'string', 'number', 'date', 'datetime', 'sign'].includes(kind);
}

function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/gs, (_, sign: string) => ESCAPES[sign.toLowerCase()] ?? sign);
}
