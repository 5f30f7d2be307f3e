import { piecesOf, readStatement, statementsIn, topStatements } from './statements.ts';
import type { Piece, RawStatement, Statement } from './statements.ts';

/** A protocol of BIRD as configured, with what its template says in it. */
export interface Protocol {
  /** Its name; that which BIRD gives it (`bgp1`) where it has none. */
  readonly name: string;
  /** `bgp`, `ospf`, `kernel`, … */
  readonly kind: string;
  /** `v3`, `ng`; empty: the first. */
  readonly variant: string;
  /** Where it begins, from 1. */
  readonly line: number;
  /** In their order; of two that set the same the later holds. */
  readonly statements: readonly Statement[];
}

/** What of a configuration decides about its sessions. */
export interface Configuration {
  /** By name. */
  readonly protocols: ReadonlyMap<string, Protocol>;
  /** `router id` at the top, as written; undefined: BIRD chooses. */
  readonly routerID: string | undefined;
}

/** Words between the kind and the name of a protocol. */
const VARIANTS: ReadonlySet<string> = new Set(['v2', 'v3', 'ng']);
const FIRST_VARIANT = 'v2';

/** Statements that decide about protocols. */
const DECIDING: ReadonlySet<string> = new Set(['define', 'router', 'protocol', 'template']);
/** A longer one is not even looked at. */
const LONGEST_CONSTANT = 2_000;
/** A constant of more pieces is a set of prefixes, which no setting of a session is. */
const LARGEST_CONSTANT = 64;

/** Reads a configuration that BIRD accepts. Of one that it does not, something is read; nothing is thrown. */
export function readConfiguration(text: string): Configuration {
  const constants = new Map<string, readonly Piece[]>();
  const templates = new Map<string, readonly Statement[]>();
  const protocols = new Map<string, Protocol>();
  const unnamed = new Map<string, number>();
  let routerID: string | undefined;
  for (const raw of topStatements(text, decides)) {
    const { head, text: whole, block, line } = readStatement(raw);
    const [first = '', second = '', third] = head;
    if (first === 'define') {
      const value = expand(piecesOf(whole.slice(whole.indexOf('=') + 1)), constants);
      if (value.length <= LARGEST_CONSTANT) {
        constants.set(second, value);
      }
    } else if (first === 'router' && second === 'id') {
      routerID = expand(
        head.slice(2).map((word): Piece => ({ type: 'text', text: word, line })),
        constants,
      )
        .map((piece) => piece.text)
        .join(' ');
    } else if ((first === 'protocol' || first === 'template') && block !== undefined) {
      const variant = third !== undefined && VARIANTS.has(third) ? third : '';
      const { name, from } = namesIn(head.slice(variant === '' ? 2 : 3));
      const statements = [...(templates.get(from ?? '') ?? []), ...statementsIn(expand(block, constants))];
      if (first === 'template') {
        templates.set(name ?? '', statements);
      } else {
        const count = (unnamed.get(second) ?? 0) + (name === undefined ? 1 : 0);
        unnamed.set(second, count);
        const known = name ?? `${second}${count}`;
        protocols.set(known, {
          name: known,
          kind: second,
          line,
          variant: variant === FIRST_VARIANT ? '' : variant,
          statements,
        });
      }
    }
  }
  return { protocols, routerID };
}

function decides({ word, text }: RawStatement): boolean {
  return DECIDING.has(word) && (word !== 'define' || text.length <= LONGEST_CONSTANT);
}

/** `NAME from TEMPLATE`, both optional. */
function namesIn(words: readonly string[]): { readonly name: string | undefined; readonly from: string | undefined } {
  const at = words.indexOf('from');
  return at === -1
    ? { name: words[0], from: undefined }
    : { name: at === 0 ? undefined : words[0], from: words[at + 1] };
}

function expand(pieces: readonly Piece[], constants: ReadonlyMap<string, readonly Piece[]>): readonly Piece[] {
  return pieces.flatMap((piece) => constants.get(piece.text) ?? [piece]);
}
