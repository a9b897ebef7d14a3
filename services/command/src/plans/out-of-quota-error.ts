/** What a kind of work may spend of a source's quota is used up for now; what is more urgent goes on. */
export class OutOfQuotaError extends Error {
  override readonly name = 'OutOfQuotaError';

  constructor() {
    super('the share of the quota that this kind of work may spend is used up');
  }
}
