import { ProviderError } from '../../records/provider-error.ts';
import type { Token } from './oauth.ts';

/** Credentials that were refused are not tried again sooner: too many refusals lock a user out. */
const REFUSED_FOR_MS = 60_000;

/** Keeps one token, and asks for one at a time, however many calls want it. */
export class Session {
  readonly #request: () => Promise<Token>;
  readonly #now: () => number;
  #token: Token | null = null;
  #flight: Promise<Token> | null = null;
  #refusal: ProviderError | null = null;

  /** @param request asks the provider for a token. */
  constructor(request: () => Promise<Token>, now: () => number) {
    this.#request = request;
    this.#now = now;
  }

  /** @throws ProviderError */
  async token(): Promise<Token> {
    return this.#token ?? (await this.#fly());
  }

  /** A token other than the one that was refused: who comes late gets what another asked for. */
  async renewed(refused: Token): Promise<Token> {
    if (this.#token === refused) this.#token = null;
    return await this.token();
  }

  async #fly(): Promise<Token> {
    const refusedUntil = this.#refusal?.retryAt?.getTime() ?? 0;
    if (this.#refusal !== null && this.#now() < refusedUntil) throw this.#refusal;
    this.#flight ??= this.#ask().finally(() => {
      this.#flight = null;
    });
    return await this.#flight;
  }

  async #ask(): Promise<Token> {
    try {
      this.#token = await this.#request();
      this.#refusal = null;
      return this.#token;
    } catch (error) {
      if (!(error instanceof ProviderError) || error.kind !== 'unauthorised') throw error;
      const { status, code, message } = error;
      this.#refusal = new ProviderError('unauthorised', message, { status, code, retryAt: new Date(this.#now() + REFUSED_FOR_MS) });
      throw this.#refusal;
    }
  }
}
