import type { Statement } from './statements.ts';

/** Programs of FRR that a configuration can need. */
export const PROGRAMS = ['zebra', 'bgpd', 'ospfd', 'ospf6d', 'ripd', 'ripngd', 'bfdd'] as const;
export type Program = (typeof PROGRAMS)[number];

/** Those that keep prefix lists, and so the mark of what they run. */
export function keepsMark(program: Program): boolean {
  return program !== 'bfdd';
}

/** Whether a statement at the left margin is one that all daemons keep, as far as they know its commands. */
export function isShared(text: string): boolean {
  return /^(ip(v6)? prefix-list|route-map|key chain) /.test(text);
}

/** Which program a block at the left margin is for. */
const BLOCKS: readonly (readonly [RegExp, Program])[] = [
  [/^router bgp\b/, 'bgpd'],
  [/^router ospf\b/, 'ospfd'],
  [/^router ospf6\b/, 'ospf6d'],
  [/^router rip\b/, 'ripd'],
  [/^router ripng\b/, 'ripngd'],
  [/^bfd$/, 'bfdd'],
];

/**
 * The programs without which a configuration would be taken in part: vtysh passes over commands of one that is not there
 * without a word.
 */
export function neededPrograms(statements: readonly Statement[]): Program[] {
  const found = BLOCKS.filter(([block]) => statements.some(({ text }) => block.test(text)));
  return found.length === 0 ? [] : ['zebra', ...found.map(([, program]) => program)];
}
