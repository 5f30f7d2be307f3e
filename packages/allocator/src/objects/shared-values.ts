/** Different values that are remembered; then it begins anew, so that values that are all different fill no memory. */
const MOST_REMEMBERED = 1_000;

/**
 * Keeps one of each: ten thousand Services have the same few ports, selectors and sentences, and each copy that comes
 * over the wire would stay in memory beside the others.
 */
export class SharedValues {
  readonly #texts = new Map<string, string>();
  readonly #lists = new Map<string, readonly string[]>();

  /** An equal text; the same one each time. */
  text(text: string): string {
    return remember(this.#texts, text, text);
  }

  /** A list of equal texts; the same one each time. */
  list<T extends string>(texts: readonly T[]): readonly T[];
  list(texts: readonly string[]): readonly string[] {
    return remember(this.#lists, JSON.stringify(texts), texts);
  }
}

function remember<T>(values: Map<string, T>, key: string, value: T): T {
  const known = values.get(key);
  if (known !== undefined) {
    return known;
  }
  if (values.size >= MOST_REMEMBERED) {
    values.clear();
  }
  values.set(key, value);
  return value;
}
