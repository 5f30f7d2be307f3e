/** Longest part of a text that is repeated in a sentence, in characters. */
const SHOWN_AT_MOST = 80;

/** Characters that move the cursor, turn the direction of writing or cannot be seen; JSON leaves most of them as they are. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

/**
 * Text of a user as it may stand in a sentence: in quotes, cut to 80 characters, and without raw control characters,
 * so that it can be printed on a terminal and fits into a condition.
 */
export function quote(text: string): string {
  const shown = text.slice(0, SHOWN_AT_MOST);
  const quoted = JSON.stringify(shown.length < text.length ? `${shown}…` : shown);
  return quoted.replaceAll(UNSEEN, (character) =>
    Array.from({ length: character.length }, (_, index) => escapeOf(character.charCodeAt(index))).join(''),
  );
}

/** As JSON writes a UTF-16 code unit that it does not print. */
function escapeOf(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}
