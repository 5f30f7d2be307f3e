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
    const why = error instanceof Error ? error.message : String(error);
    return `${JSON.stringify(entry)} is not a regular expression: ${why}`;
  }
}
