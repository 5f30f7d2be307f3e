import { tokensOf } from '../bird/tokens.ts';

/** What stands together in a statement: a name, a number, an address, a string in its quotes, or one of `;`, `{`, `}`. */
export interface Piece {
  readonly type: 'text' | 'end' | 'open' | 'close';
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

/** A statement of BIRD's language, without comments. */
export interface Statement {
  /** Its pieces up to the first block. */
  readonly head: readonly string[];
  /** The whole in one line: two statements that say the same in other lines are equal. May hold a password. */
  readonly text: string;
  /** What its first block holds; undefined where it has none. */
  readonly block: readonly Piece[] | undefined;
  /** Where it begins, from 1. */
  readonly line: number;
}

const SIGNS: Readonly<Record<string, Piece['type']>> = { ';': 'end', '{': 'open', '}': 'close' };

/** Takes a configuration to pieces. */
export function piecesOf(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let end = -1;
  for (const token of tokensOf(text)) {
    const type = token.type === 'sign' ? (SIGNS[token.text] ?? 'text') : 'text';
    const written = token.type === 'string' ? `"${token.text}"` : token.text;
    const last = pieces.at(-1);
    if (type === 'text' && token.type !== 'string' && token.start === end && last?.type === 'text') {
      pieces[pieces.length - 1] = { ...last, text: last.text + written };
    } else {
      pieces.push({ type, text: written, line: token.line });
    }
    // A string is a piece of its own, whatever stands against it.
    end = token.type === 'string' ? -1 : token.end;
  }
  return pieces;
}

/** What decides where a statement ends, and what must not be taken for it: comments, strings, quoted names. */
const BOUNDARY = /#[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"[^"\n]*"?|'[^'\n]*'?|[;{}]/g;
/** The first word of a statement, behind comments. */
const FIRST_WORD = /(?:\s|#[^\n]*|\/\*[\s\S]*?(?:\*\/|$))*([A-Za-z_][A-Za-z0-9_]*|\{)?/y;
/** Statements at the top of a file that end with their block; all others, and all inside of blocks, end with `;`. */
const END_WITH_BLOCK: ReadonlySet<string> = new Set(['protocol', 'template', 'filter', 'function', '{']);

/** A statement at the top of a file, not taken to pieces: that costs a hundred times more. */
export interface RawStatement {
  /** Its first word; empty where it has none. */
  readonly word: string;
  readonly text: string;
  /** Of the first character of `text`, from 1; comments before the statement belong to it. */
  readonly line: number;
}

/** The statements at the top of a file that may matter. Sets of a hundred thousand prefixes are passed over in no time. */
export function* topStatements(text: string, matters: (raw: RawStatement) => boolean): Generator<RawStatement> {
  let from = 0;
  let depth = 0;
  let line = 1;
  const take = (to: number): RawStatement => {
    const raw = { word: firstWord(text, from), text: text.slice(from, to), line };
    line += newlinesIn(raw.text);
    from = to;
    return raw;
  };
  for (const { 0: sign, index } of text.matchAll(BOUNDARY)) {
    depth = sign === '{' ? depth + 1 : sign === '}' ? Math.max(0, depth - 1) : depth;
    if (depth > 0 || (sign !== ';' && !(sign === '}' && END_WITH_BLOCK.has(firstWord(text, from))))) {
      continue;
    }
    const raw = take(index + 1);
    if (matters(raw)) {
      yield raw;
    }
  }
  const rest = take(text.length);
  if (matters(rest)) {
    yield rest;
  }
}

/** Takes a statement to pieces, its block unread. */
export function readStatement({ text, line }: RawStatement): Statement {
  const pieces = piecesOf(text).map((piece) => Object.assign({}, piece, { line: line + piece.line - 1 }));
  return statementOf(pieces.at(-1)?.type === 'end' ? pieces.slice(0, -1) : pieces);
}

function firstWord(text: string, from: number): string {
  FIRST_WORD.lastIndex = from;
  return FIRST_WORD.exec(text)?.[1] ?? '';
}

function newlinesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) {
    count += 1;
  }
  return count;
}

/** The statements that the pieces of a block make up, blocks in it unread. What does not end is the last one. */
export function statementsIn(pieces: readonly Piece[]): readonly Statement[] {
  const statements: Statement[] = [];
  let from = 0;
  let depth = 0;
  const take = (to: number): void => {
    if (to > from) {
      statements.push(statementOf(pieces.slice(from, to)));
    }
    from = to + 1;
  };
  for (const [index, { type }] of pieces.entries()) {
    depth = type === 'open' ? depth + 1 : type === 'close' ? Math.max(0, depth - 1) : depth;
    if (type === 'end' && depth === 0) {
      take(index);
    }
  }
  take(pieces.length);
  return statements;
}

function statementOf(pieces: readonly Piece[]): Statement {
  const open = pieces.findIndex(({ type }) => type === 'open');
  return {
    head: (open === -1 ? pieces : pieces.slice(0, open)).map(({ text }) => text),
    text: pieces.map(({ text }) => text).join(' '),
    block: open === -1 ? undefined : pieces.slice(open + 1, closeOf(pieces, open)),
    line: pieces[0]?.line ?? 1,
  };
}

/** Where the block that opens there closes. */
function closeOf(pieces: readonly Piece[], open: number): number {
  let depth = 0;
  for (let index = open; index < pieces.length; index += 1) {
    const type = pieces[index]?.type;
    depth += type === 'open' ? 1 : type === 'close' ? -1 : 0;
    if (depth === 0) {
      return index;
    }
  }
  return pieces.length;
}
