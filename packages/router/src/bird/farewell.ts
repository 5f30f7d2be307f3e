import { resetsOf } from '../edits/resets.ts';
import { tokensOf } from './tokens.ts';
import type { Token } from './tokens.ts';

/** What BIRD is to run for a while before a protocol ends that takes no leave of its neighbors. */
export interface Farewell {
  /** The configuration that runs, in which these protocols announce nothing. */
  readonly text: string;
  /** Milliseconds after which the neighbors have heard so. */
  readonly waitMs: number;
}

/**
 * A change is announced within the shorter of 5 s and the time between two updates, and a second of grain (rip_iface_timer
 * of BIRD's proto/rip/rip.c).
 */
const RIP_TRIGGERED_S = 5;
const RIP_UPDATE_S = 30;
const RIP_GRAIN_MS = 1_000;
/** BIRD withdraws what is no longer exported at its next tick, of a second. */
const OSPF_WAIT_MS = 1_500;

/**
 * RIP ends without a word, so that neighbors keep its routes until their timeout; OSPF says good-bye, but neighbors
 * compute anew only after the interval that limits their own announcements (5 s, RFC 2328, B). What was withdrawn before
 * is gone at once. Pure.
 * @param running the configuration that BIRD runs
 * @param wanted the one that it is to run
 * @returns undefined where no such protocol ends, or it is only renamed
 */
export function farewell(running: string, wanted: string): Farewell | undefined {
  const leaving = resetsOf(running, wanted).filter(
    ({ kind, effect, causes }) => isLingering(kind) && effect === 'ends' && causes.includes('removed'),
  );
  if (leaving.length === 0) {
    return undefined;
  }
  const names = new Set(leaving.map(({ protocol }) => protocol));
  const exports = protocolsIn(running).flatMap((protocol) => (names.has(protocol.name) ? protocol.exports : []));
  const waits = leaving.map(({ kind, protocol }) => (kind === 'rip' ? ripWaitMs(running, protocol) : OSPF_WAIT_MS));
  return exports.length === 0 ? undefined : { text: silenced(running, exports), waitMs: Math.max(...waits) };
}

function isLingering(kind: string): boolean {
  return kind === 'rip' || kind === 'ospf';
}

/** Where a statement stands in the text, its semicolon included. */
interface Span {
  readonly start: number;
  readonly end: number;
}

interface FoundProtocol {
  readonly name: string;
  readonly exports: readonly Span[];
  readonly tokens: readonly Token[];
}

/** Protocols with a name, and where they say what they export. */
function protocolsIn(text: string): FoundProtocol[] {
  const tokens = [...tokensOf(text)];
  const found: FoundProtocol[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const block = blockFrom(tokens, index);
    if (block !== undefined) {
      // `protocol KIND [v2 | v3 | ng] NAME [from TEMPLATE] {`
      const head = tokens.slice(index, block.open).map((token) => token.text);
      const from = head.indexOf('from');
      const inner = tokens.slice(block.open + 1, block.close);
      found.push({ name: head.at(from === -1 ? -1 : from - 1) ?? '', exports: exportsIn(inner), tokens: inner });
      index = block.close;
    }
  }
  return found;
}

/** The block of a protocol that begins at a token; undefined where none does. */
function blockFrom(
  tokens: readonly Token[],
  index: number,
): { readonly open: number; readonly close: number } | undefined {
  const first = tokens[index];
  if (first?.type !== 'word' || first.text !== 'protocol') {
    return undefined;
  }
  const open = tokens.findIndex((token, position) => position > index && isSign(token, '{'));
  const close = open === -1 ? -1 : closingOf(tokens, open);
  return close === -1 ? undefined : { open, close };
}

/** Position of the brace that closes the one at `open`; -1 where there is none. */
function closingOf(tokens: readonly Token[], open: number): number {
  let depth = 0;
  return tokens.findIndex((token, position) => {
    if (position >= open) {
      depth += Number(isSign(token, '{')) - Number(isSign(token, '}'));
    }
    return position > open && depth === 0;
  });
}

/** Statements that begin with `export`, wherever in the block: those of its channels. */
function exportsIn(tokens: readonly Token[]): Span[] {
  const spans: Span[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    const before = tokens[index - 1];
    const isFirst = before === undefined || [';', '{', '}'].some((sign) => isSign(before, sign));
    if (token?.type === 'word' && token.text === 'export' && isFirst && tokens[index + 1]?.text !== 'limit') {
      const end = endOf(tokens, index);
      spans.push({ start: token.start, end: tokens[end]?.end ?? token.end });
      index = end;
    }
  }
  return spans;
}

/** Position of the semicolon that ends the statement at `start`, behind the blocks in it. */
function endOf(tokens: readonly Token[], start: number): number {
  let depth = 0;
  const end = tokens.findIndex((token, position) => {
    if (position >= start) {
      depth += Number(isSign(token, '{')) - Number(isSign(token, '}'));
    }
    return position >= start && depth === 0 && isSign(token, ';');
  });
  return end === -1 ? tokens.length - 1 : end;
}

function isSign({ type, text }: Token, sign: string): boolean {
  return type === 'sign' && text === sign;
}

function silenced(text: string, spans: readonly Span[]): string {
  return spans.reduceRight((all, { start, end }) => `${all.slice(0, start)}export none;${all.slice(end)}`, text);
}

/** By the longest `update time` of its interfaces. */
function ripWaitMs(text: string, name: string): number {
  const tokens = protocolsIn(text).find((protocol) => protocol.name === name)?.tokens ?? [];
  const times = tokens.flatMap((token, index) =>
    token.text === 'update' && tokens[index + 1]?.text === 'time' ? [Number(tokens[index + 2]?.text)] : [],
  );
  const longest = times.length === 0 || times.some(Number.isNaN) ? RIP_UPDATE_S : Math.max(...times);
  return Math.min(RIP_TRIGGERED_S, longest) * 1000 + RIP_GRAIN_MS;
}
