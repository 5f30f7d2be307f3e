/** A piece of BIRD's language. Comments and white space are none. */
export interface Token {
  /** `word`: a name, quoted or not; `string`: text in double quotes, without them; `sign`: whatever else stands together. */
  readonly type: 'word' | 'string' | 'sign';
  readonly text: string;
  /** From 1. */
  readonly line: number;
  /** Where it begins and ends in the text; a token that begins where another ends stands against it. */
  readonly start: number;
  readonly end: number;
}

/**
 * Comments, strings, quoted names, words, as in BIRD's conf/cf-lex.l; `;`, `{` and `}` each for itself; everything else
 * as far as it stands together.
 */
const TOKEN =
  /#[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"(?<string>[^"\n]*)"?|'(?<quoted>[^'\n]*)'?|(?<word>[A-Za-z_][A-Za-z0-9_]*)|\n|[;{}/]|[^\sA-Za-z_"'#;{}/]+/g;

/** Reads a configuration of BIRD, one that BIRD would not accept too: what opens and does not close ends with the text. */
export function* tokensOf(text: string): Generator<Token> {
  let line = 1;
  for (const match of text.matchAll(TOKEN)) {
    const [whole] = match;
    const { string, quoted, word } = match.groups ?? {};
    const place = { line, start: match.index, end: match.index + whole.length };
    if (string !== undefined) {
      yield { type: 'string', text: string, ...place };
    } else if (word !== undefined || quoted !== undefined) {
      yield { type: 'word', text: word ?? quoted ?? '', ...place };
    } else if (!/^(#|\/\*|\n)/.test(whole)) {
      yield { type: 'sign', text: whole, ...place };
    }
    line += whole.split('\n').length - 1;
  }
}
