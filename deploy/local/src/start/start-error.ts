/** Something that keeps `npm start` from starting and that its user can mend: said in one line each, without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly remedy: string;
  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}
