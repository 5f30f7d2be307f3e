import type { Address } from '@fairlead/api';
import { addressKey } from './key.ts';

/**
 * Rendezvous hashing: each node scores each address, and the highest score has the first rank. A node that goes spreads
 * its addresses over the others, and none of the others' addresses moves. Agents of different versions must agree, so
 * the numbers must never change: the test holds them fast.
 */

/** Two 32-bit lanes, so that two nodes practically never score alike. */
export type NameHash = readonly [number, number];

const SEEDS: NameHash = [0x9747b28c, 0x3c6ef372];

/** One step of MurmurHash3 x86_32 (Appleby, public domain): takes a 32-bit word into the state. */
function absorb(state: number, word: number): number {
  let mixed = Math.imul(word, 0xcc9e2d51);
  mixed = (mixed << 15) | (mixed >>> 17);
  let next = state ^ Math.imul(mixed, 0x1b873593);
  next = (next << 13) | (next >>> 19);
  return (Math.imul(next, 5) + 0xe6546b64) | 0;
}

/** The finalizer of MurmurHash3: each bit of the input flips each bit of the result with probability one half. */
function finish(state: number, length: number): number {
  let mixed = state ^ length;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function combine(high: number, low: number): number {
  return high * 0x20_0000 + (low >>> 11);
}

/** Hash of a node's name. Node names are ASCII (RFC 1123), so one code unit is one byte. */
export function hashName(name: string): NameHash {
  let [first, second] = SEEDS;
  for (let index = 0; index < name.length; index += 1) {
    first = absorb(first, name.charCodeAt(index));
    second = absorb(second, name.charCodeAt(index));
  }
  return [finish(first, name.length), finish(second, name.length)];
}

/** The place of a node in the ring, 0 … 2^53-1: not by name, because the nodes of a rack have neighbouring names. */
export function ringPosition(name: NameHash): number {
  return combine(name[0], name[1]);
}

/** The 32-bit words of an address that {@link score} takes, family included. */
export function addressWords(address: Address): readonly number[] {
  const key = addressKey(address);
  const words: number[] = [];
  for (let shift = 0n; shift <= 128n; shift += 32n) {
    words.push(Number((key >> shift) & 0xffff_ffffn));
  }
  return words;
}

/** How much the node is to have the address by hash alone, 0 … 2^53-1; the highest score is the first rank. */
export function score(name: NameHash, words: readonly number[]): number {
  let [first, second] = name;
  for (const word of words) {
    first = absorb(first, word);
    second = absorb(second, word);
  }
  return combine(finish(first, words.length), finish(second, words.length));
}

/** A node in the race for an address. */
export interface Contender {
  readonly excluded: boolean;
  readonly preference: number;
  readonly score: number;
}

/** Negative where `a` comes before `b`: excluded nodes last, then the higher preference, then the higher score. */
export function compareContenders(a: Contender, b: Contender): number {
  if (a.excluded !== b.excluded) {
    return a.excluded ? 1 : -1;
  }
  return b.preference - a.preference || b.score - a.score;
}
