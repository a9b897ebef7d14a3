/** The part of SOQL that a reader of records needs. */
export interface Query {
  /** Names as they were written; null for `COUNT()`. */
  readonly select: readonly string[] | null;
  readonly from: string;
  readonly where: Condition | null;
  readonly orderBy: readonly { readonly field: string; readonly descending: boolean; readonly nullsLast: boolean }[];
  readonly limit: number | null;
  readonly offset: number;
}

export type Condition =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'compare'; readonly field: string; readonly operator: Operator; readonly value: Literal }
  | { readonly kind: 'in'; readonly field: string; readonly values: readonly Literal[] };

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'LIKE';

export interface Literal {
  readonly type: 'string' | 'number' | 'date' | 'datetime' | 'boolean' | 'null';
  /** Without quotes and escapes. */
  readonly text: string;
}
