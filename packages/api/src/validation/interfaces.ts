/** The regular expression of an entry such as `/eth[0-9]/`; it must match the whole name. */
function compile(entry: string): RegExp | { readonly problem: string } {
  try {
    return new RegExp(`^(?:${entry.slice(1, -1)})$`, 'v');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { problem: `${JSON.stringify(entry)} is not a regular expression: ${why}` };
  }
}

/** Why an entry of a list of interfaces is no regular expression that can be used; undefined when it is fine. */
export function interfacePatternProblem(entry: string): string | undefined {
  if (!entry.startsWith('/')) {
    return undefined;
  }
  const compiled = compile(entry);
  return compiled instanceof RegExp ? undefined : compiled.problem;
}

/**
 * Whether the name of an interface is meant by an entry of `interfaces`: by its name, or by `/REGULAR EXPRESSION/`,
 * which must match the whole name. `default` means no name: it is for the caller to resolve by the routing table.
 */
export function interfaceMatches(entry: string, name: string): boolean {
  if (!entry.startsWith('/')) {
    return entry === name;
  }
  const compiled = compile(entry);
  return compiled instanceof RegExp && compiled.test(name);
}
