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

/** Statements at the top of a file that end with their block; all others, and all inside of blocks, end with `;`. */
const END_WITH_BLOCK: ReadonlySet<string> = new Set(['protocol', 'template', 'filter', 'function', '{']);

/**
 * The statements that pieces make up, blocks unread. What does not end is the last statement.
 * @param place `top`: of a file; `inside`: of a block
 */
export function statementsIn(pieces: readonly Piece[], place: 'top' | 'inside'): readonly Statement[] {
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
    if (depth > 0) {
      continue;
    }
    if (type === 'end') {
      take(index);
    } else if (type === 'close' && place === 'top' && END_WITH_BLOCK.has(pieces[from]?.text ?? '')) {
      take(index + 1);
      from = index + 1;
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
