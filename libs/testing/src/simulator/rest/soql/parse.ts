import { malformedQuery } from '../rest-error.ts';
import type { Condition, Literal, Operator, Query } from './query.ts';
import { tokensOf, type Token } from './tokens.ts';

const OPERATORS: readonly Operator[] = ['=', '!=', '<', '<=', '>', '>=', 'LIKE'];

/** @throws RestError MALFORMED_QUERY for what SOQL, or this part of it, does not have. */
export function parseSoql(soql: string): Query {
  return new Parser(tokensOf(soql)).query();
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  query(): Query {
    this.#expect('SELECT');
    const select = this.#select();
    this.#expect('FROM');
    const from = this.#word();
    const where = this.#take('WHERE') ? this.#condition() : null;
    const orderBy: Query['orderBy'][number][] = [];
    if (this.#take('ORDER')) {
      this.#expect('BY');
      do orderBy.push(this.#order()); while (this.#take(','));
    }
    const limit = this.#take('LIMIT') ? this.#count() : null;
    const offset = this.#take('OFFSET') ? this.#count() : 0;
    if (this.#next !== undefined) throw this.#unexpected();
    return { select, from, where, orderBy, limit, offset };
  }

  #select(): string[] | null {
    if (this.#next?.text.toUpperCase() === 'COUNT' && this.#tokens[this.#at + 1]?.text === '(') {
      this.#at += 2;
      this.#expect(')');
      return null;
    }
    const fields = [this.#word()];
    while (this.#take(',')) fields.push(this.#word());
    return fields;
  }

  /** AND and OR do not stand beside one another without parentheses. */
  #condition(): Condition {
    const of = [this.#term()];
    const kind = this.#is('OR') ? 'or' : 'and';
    while (this.#take(kind.toUpperCase())) of.push(this.#term());
    if (this.#is('AND') || this.#is('OR')) throw this.#unexpected();
    const [only] = of;
    return of.length === 1 && only !== undefined ? only : { kind, of };
  }

  #term(): Condition {
    if (this.#take('NOT')) return { kind: 'not', of: this.#term() };
    if (this.#take('(')) {
      const condition = this.#condition();
      this.#expect(')');
      return condition;
    }
    const field = this.#word();
    const negated = this.#take('NOT');
    if (negated && !this.#is('IN')) throw this.#unexpected();
    if (this.#take('IN')) {
      const within: Condition = { kind: 'in', field, values: this.#list() };
      return negated ? { kind: 'not', of: within } : within;
    }
    return { kind: 'compare', field, operator: this.#operator(), value: this.#literal() };
  }

  #operator(): Operator {
    const text = this.#next?.text.toUpperCase().replace('<>', '!=');
    const operator = OPERATORS.find((known) => known === text);
    if (operator === undefined) throw this.#unexpected();
    this.#at += 1;
    return operator;
  }

  #list(): Literal[] {
    this.#expect('(');
    const values = [this.#literal()];
    while (this.#take(',')) values.push(this.#literal());
    this.#expect(')');
    return values;
  }

  #literal(): Literal {
    const token = this.#next;
    if (token === undefined || token.kind === 'sign') throw this.#unexpected();
    const word = token.text.toUpperCase();
    if (token.kind === 'word' && !['TRUE', 'FALSE', 'NULL'].includes(word)) throw this.#unexpected();
    this.#at += 1;
    if (token.kind !== 'word') return { type: token.kind, text: token.text };
    return { type: word === 'NULL' ? 'null' : 'boolean', text: word.toLowerCase() };
  }

  #order(): Query['orderBy'][number] {
    const field = this.#word();
    const descending = this.#take('DESC');
    if (!descending) this.#take('ASC');
    // Nulls come first in either direction unless told.
    const nulls = this.#take('NULLS');
    const nullsLast = nulls && this.#take('LAST');
    if (nulls && !nullsLast) this.#expect('FIRST');
    return { field, descending, nullsLast };
  }

  #count(): number {
    const token = this.#next;
    if (token?.kind !== 'number' || !/^\d+$/.test(token.text)) throw this.#unexpected();
    this.#at += 1;
    return Number(token.text);
  }

  #word(): string {
    const token = this.#next;
    if (token?.kind !== 'word') throw this.#unexpected();
    this.#at += 1;
    return token.text;
  }

  #is(text: string): boolean {
    return this.#next !== undefined && this.#next.kind !== 'string' && this.#next.text.toUpperCase() === text;
  }

  #take(text: string): boolean {
    const found = this.#is(text);
    if (found) this.#at += 1;
    return found;
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw this.#unexpected();
  }

  get #next(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #unexpected(): Error {
    return malformedQuery(this.#next === undefined ? 'unexpected end of the query' : `unexpected token: '${this.#next.text}'`);
  }
}
