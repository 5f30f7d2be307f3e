import type { SimulatedNode } from './node.ts';

/** EVPN freezes an address that moves five times in that time (RFC 7432 15.1). */
export const MOVES = {
  most: 4,
  withinMs: 180_000,
  /** Two that have just met speak in turn for a moment: for a fabric, which needs longer to tell its leaves, that is one move. */
  mergedMs: 200,
};

/** That a node has the address, and since when. */
interface Sighting {
  readonly at: number;
  readonly by: SimulatedNode;
}

/** Who has seen an address come to whom. */
export class Sightings {
  readonly #seen = new Map<SimulatedNode, readonly Sighting[]>();

  /** The witness sees that the node has the address. */
  note(witness: SimulatedNode, by: SimulatedNode, at: number): void {
    this.#seen.set(witness, sight(this.#seen.get(witness) ?? [], { at, by }));
  }

  /** How many moves the witness has seen since then. */
  moves(witness: SimulatedNode, since: number): number {
    return (this.#seen.get(witness) ?? []).filter(({ at }) => at > since).length;
  }

  /** Whoever had the address last, as far as the witness has seen. */
  last(witness: SimulatedNode): SimulatedNode | undefined {
    return this.#seen.get(witness)?.at(-1)?.by;
  }

  forget(): void {
    this.#seen.clear();
  }
}

/** One more sighting, unless it is none. The first one is no move. */
function sight(before: readonly Sighting[], { at, by }: Sighting): readonly Sighting[] {
  const last = before.at(-1);
  if (last?.by === by) {
    return before;
  }
  if (last === undefined) {
    return [{ at: Number.NEGATIVE_INFINITY, by }];
  }
  return at - last.at < MOVES.mergedMs
    ? [...before.slice(0, -1), { at: last.at, by }]
    : [...before.slice(-MOVES.most), { at, by }];
}
