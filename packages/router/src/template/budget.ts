import { TemplateError } from './error.ts';

/**
 * Turns of lists and files taken in, of one rendering. 100,000 prefixes need half of them; all of them take 0.5 s, in which
 * the agent does nothing else.
 */
const MOST_RUNS = 200_000;
/** Characters that these may print, those counted again that stand in one another. */
const MOST_CHARACTERS = 32 * 1024 * 1024;

/**
 * What a rendering may cost. Templates have no loop without an end, but lists inside of lists, and files that take in one
 * file twice each, do not end in a lifetime either, and nothing can interrupt them.
 */
export class Budget {
  #runs = 0;
  #characters = 0;

  /** A new rendering begins. */
  begin(): void {
    this.#runs = 0;
    this.#characters = 0;
  }

  /**
   * Something was rendered.
   * @param text what it printed
   * @returns the same
   * @throws {TemplateError} when it is too much
   */
  spend(text: string): string {
    this.#runs += 1;
    this.#characters += text.length;
    if (this.#runs > MOST_RUNS || this.#characters > MOST_CHARACTERS) {
      throw new TemplateError(
        'the templates print without an end: lists inside of lists, or files that take in others many times over; print less',
      );
    }
    return text;
  }
}
