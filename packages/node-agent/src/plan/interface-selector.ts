/** What an interface selector looks at. */
export interface SelectableInterface {
  readonly name: string;
  /** Families of which this is the interface of the best default route. */
  readonly defaultFor: readonly unknown[];
}

/**
 * Whether a selector of `local.interfaces` or `announce.interfaces` names the interface: `default` (the interface of
 * the best default route of either family), `/regex/` (unanchored), or the exact name. A regular expression that does
 * not compile selects nothing; the LBNodeAgent's condition names it.
 */
export function selectsInterface(selector: string, candidate: SelectableInterface): boolean {
  if (selector === 'default') {
    return candidate.defaultFor.length > 0;
  }
  const pattern = interfacePattern(selector);
  return pattern === undefined ? selector === candidate.name : pattern !== 'invalid' && pattern.test(candidate.name);
}

/** The regular expression of a selector, `invalid` where it does not compile, undefined where it is none. */
export function interfacePattern(selector: string): RegExp | 'invalid' | undefined {
  if (selector.length < 2 || !selector.startsWith('/') || !selector.endsWith('/')) {
    return undefined;
  }
  try {
    return new RegExp(selector.slice(1, -1), 'u');
  } catch {
    return 'invalid';
  }
}
