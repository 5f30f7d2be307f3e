import type { Statement } from './statements.ts';

/** A command for vtysh. */
export interface Command {
  readonly text: string;
  /** Line of the wanted configuration that it is from; 0 where it takes something away, opens or closes a block. */
  readonly line: number;
}

/** What turns one configuration into another: first the removals, then the additions. */
export interface Difference {
  readonly removals: readonly Command[];
  readonly additions: readonly Command[];
}

/**
 * The commands that turn a configuration into another and touch nothing that is in both. A setting that has one value is
 * not taken away where it gets another one: for most of a neighbor's that would end its session, and for a filter it
 * would be a moment without any. Pure.
 */
export function difference(from: readonly Statement[], to: readonly Statement[]): Difference {
  return { removals: removals(from, to), additions: additions(from, to) };
}

/** Last things first: what uses something goes before it. */
function removals(from: readonly Statement[], to: readonly Statement[]): Command[] {
  const wanted = new Map(to.map((statement) => [statement.text, statement] as const));
  const settings = new Set(to.flatMap(({ text }) => settingOf(text) ?? []));
  const gone = neighborsGone(from, to);
  return [...from].reverse().flatMap((statement) => {
    const { text, children } = statement;
    const same = wanted.get(text);
    if (same !== undefined) {
      return inside(
        text,
        removals(
          children.filter((child) => !gone.has(neighborOf(child.text) ?? '')),
          same.children,
        ),
      );
    }
    const setting = settingOf(text);
    const neighbor = neighborOf(text);
    if (
      (setting !== undefined && settings.has(setting)) ||
      (neighbor !== undefined && gone.has(neighbor) && !isOwner(text))
    ) {
      return [];
    }
    // An interface is there whatever a configuration says, and `no interface` would have all of the removals refused.
    return text.startsWith('interface ') ? inside(text, removals(children, [])) : [{ text: negated(text), line: 0 }];
  });
}

function additions(from: readonly Statement[], to: readonly Statement[]): Command[] {
  const there = new Map(from.map((statement) => [statement.text, statement] as const));
  return to.flatMap(({ text, line, children }) => {
    const same = there.get(text);
    if (children.length === 0 && !opensBlock(text)) {
      return same === undefined ? [{ text, line }] : [];
    }
    const inner = additions(same?.children ?? [], children);
    return same === undefined ? block({ text, line }, inner) : inside(text, inner);
  });
}

function inside(opening: string, inner: readonly Command[]): Command[] {
  return inner.length === 0 ? [] : block({ text: opening, line: 0 }, inner);
}

function block(opening: Command, inner: readonly Command[]): Command[] {
  const closing = opening.text.startsWith('address-family ') ? 'exit-address-family' : 'exit';
  return [opening, ...inner, { text: closing, line: 0 }];
}

/** Blocks that may be empty; others are known by what stands inside of them. */
export function opensBlock(text: string): boolean {
  return /^(router|route-map|interface|address-family|key chain|profile|vrf) /.test(text) || text === 'bfd';
}

function negated(text: string): string {
  return text.startsWith('no ') ? text.slice(3) : `no ${text}`;
}

/**
 * What has one value for each thing that the first group names; another value replaces it. Not the area of an interface,
 * which ospfd wants taken away before it gets another.
 */
const SETTINGS: readonly RegExp[] = [
  /^(neighbor \S+) (?:interface )?(remote-as)\b/,
  /^(neighbor \S+ route-map) \S+ (in|out)$/,
  /^(neighbor \S+ (?:bfd profile|timers connect))\b/,
  /^(neighbor \S+ (?:description|password|port|ebgp-multihop|update-source|timers|interface|advertisement-interval))\b/,
  /^(set (?:community|large-community|local-preference|metric|tag|ip next-hop|ipv6 next-hop global))\b/,
  /^(match (?:interface|metric|tag|ip address prefix-list|ipv6 address prefix-list))\b/,
  /^(redistribute \S+)\b/,
  /^(description|call)\b/,
  /^((?:bgp|ospf|ospf6) router-id)\b/,
  /^(bgp graceful-restart restart-time)\b/,
  /^(bgp route-map delay-timer)\b/,
  /^(ip ospf (?:authentication|bfd profile|cost|dead-interval|hello-interval|network|priority))\b/,
  /^(ip ospf message-digest-key \S+)\b/,
  /^(ipv6 ospf6 (?:authentication|bfd profile|cost|dead-interval|hello-interval|network|priority))\b/,
  /^(ip rip authentication (?:mode|key-chain))\b/,
  /^(key-string|cryptographic-algorithm|detect-multiplier|transmit-interval|receive-interval|version)\b/,
  /^(timers basic)\b/,
  /^((?:ip|ipv6) protocol \S+ route-map)\b/,
];

/** What a command sets, where it sets one thing to one value; two commands of the same text here replace each other. */
function settingOf(text: string): string | undefined {
  for (const pattern of SETTINGS) {
    const match = pattern.exec(text);
    if (match !== null) {
      return match.slice(1).filter(Boolean).join(' ');
    }
  }
  return undefined;
}

/** Whose a command is, inside of `router bgp`. */
function neighborOf(text: string): string | undefined {
  return /^(?:no )?neighbor (\S+) /.exec(text)?.[1];
}

/** Whether a command makes its neighbor exist; without it all others of the neighbor are gone as well. */
function isOwner(text: string): boolean {
  return /^neighbor \S+ (?:interface )?remote-as\b/.test(text);
}

function neighborsGone(from: readonly Statement[], to: readonly Statement[]): ReadonlySet<string> {
  const kept = neighborsOf(to);
  return new Set([...neighborsOf(from)].filter((neighbor) => !kept.has(neighbor)));
}

function neighborsOf(statements: readonly Statement[]): Set<string> {
  return new Set(statements.flatMap(({ text }) => (isOwner(text) ? (neighborOf(text) ?? []) : [])));
}
