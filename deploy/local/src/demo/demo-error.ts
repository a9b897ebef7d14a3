/** Something that ends the demo and that its user can mend: said in one line each, without a stack. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
  readonly remedy: string;
  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}
