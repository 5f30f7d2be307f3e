/** Thrown to end the program at once with an exit code and a text for the user; `runMain` prints and obeys it. */
export class ExitRequest extends Error {
  override readonly name = 'ExitRequest';
  readonly code = 'EXIT_REQUEST';
  /** 0 prints to standard output, anything else to standard error. */
  readonly exitCode: number;

  constructor(message: string, options: { readonly exitCode: number }) {
    super(message);
    this.exitCode = options.exitCode;
  }
}
