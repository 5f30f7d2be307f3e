import type { IpEvent } from '@fairlead/e2e/lab';

/** A time, on the lab's clock. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A time in which a node had an address and was on the LAN. */
export interface HoldingTime extends Span {
  readonly node: string;
}

/** What {@link holdingTimes} goes by. */
export interface HoldingInput {
  readonly node: string;
  readonly address: string;
  /** Whether its kernel had the address when `from` began. */
  readonly has: boolean;
  /** The time looked at. */
  readonly from: number;
  readonly to: number;
  /** What its kernel has told in that time; of other addresses, too. */
  readonly events: readonly IpEvent[];
  /** When the node was off the LAN: what it has then nobody can see. */
  readonly absences: readonly Span[];
}

/** When the node had the address, by the events of its kernel. */
export function holdingTimes({ node, address, has, from, to, events, absences }: HoldingInput): HoldingTime[] {
  const spans: Span[] = [];
  let since = has ? from : undefined;
  for (const event of events) {
    if (event.type !== 'address' || event.address !== address) continue;
    if (!event.deleted) {
      since ??= event.at; // a renewal says the same once more
    } else if (since !== undefined) {
      spans.push({ from: since, to: event.at });
      since = undefined;
    }
  }
  if (since !== undefined) spans.push({ from: since, to });
  return spans.flatMap((span) => without(span, absences)).map((span) => ({ node, from: span.from, to: span.to }));
}

/** What is left of a time when others are taken out of it. */
function without(span: Span, absences: readonly Span[]): Span[] {
  return absences.reduce<Span[]>(
    (left, absence) =>
      left
        .flatMap(({ from, to }) => [
          { from, to: Math.min(to, absence.from) },
          { from: Math.max(from, absence.to), to },
        ])
        .filter(({ from, to }) => from < to),
    [span],
  );
}

/** The times in which two nodes or more had the address. */
export function overlaps(times: readonly HoldingTime[]): Span[] {
  const changes = times
    .flatMap(({ from, to }) => [
      { at: from, by: 1 },
      { at: to, by: -1 },
    ])
    // Who lets go in the moment in which another one takes it has not had it together with that one.
    .sort((a, b) => a.at - b.at || a.by - b.by);
  const spans: Span[] = [];
  let holders = 0;
  let since = 0;
  for (const { at, by } of changes) {
    if (holders === 1 && by === 1) since = at;
    if (holders === 2 && by === -1) spans.push({ from: since, to: at });
    holders += by;
  }
  return spans;
}

/** How long two nodes or more had the address together, in milliseconds. */
export function overlapMs(times: readonly HoldingTime[]): number {
  return overlaps(times).reduce((sum, { from, to }) => sum + to - from, 0);
}

/** From that moment until the last one at which two nodes had the address, in milliseconds; 0 where none did after it. */
export function settledMs(times: readonly HoldingTime[], since: number): number {
  return Math.max(0, ...overlaps(times).map(({ to }) => to - since));
}
