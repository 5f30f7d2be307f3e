/** A line of a template file, counted from 1. */
export interface TemplateLine {
  /** Name of the file inside the template directory, such as `bgp.hbs`. */
  readonly file: string;
  readonly line: number;
}

/**
 * Thrown where a template cannot be read, compiled or rendered. `at` is the line to mend, where one is known; the
 * message is a sentence that begins with it.
 */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  readonly code = 'TemplateInvalid';
  readonly at: TemplateLine | undefined;

  constructor(sentence: string, at?: TemplateLine, options?: ErrorOptions) {
    super(at === undefined ? sentence : `${at.file}:${at.line}: ${sentence}`, options);
    this.at = at;
  }
}
