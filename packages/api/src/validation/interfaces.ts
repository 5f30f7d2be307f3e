import { quote } from '../quote.ts';

/**
 * Why an entry of `interfaces` between slashes is no regular expression; undefined when it is fine. The flavour is
 * JavaScript's with the flag `u`, and it may match anywhere in a name.
 */
export function interfacePatternProblem(entry: string): string | undefined {
  if (!entry.startsWith('/')) {
    return undefined;
  }
  try {
    RegExp(entry.slice(1, -1), 'u');
    return undefined;
  } catch (error) {
    // V8 repeats the expression before it says what is wrong.
    const why = error instanceof Error ? error.message.slice(error.message.lastIndexOf(': ') + 2) : String(error);
    return `${quote(entry)} is not a regular expression (${why}); correct it`;
  }
}
