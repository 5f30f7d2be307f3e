/** One packet of a probe: when it was sent, and who answered it when; `answered` is null for a lost one. */
export interface ProbePacket {
  /** On the lab's clock. */
  readonly sent: number;
  readonly answered: number | null;
  /** Name of the node that answered, or (for a backend behind kube-proxy) that forwarded; empty for a lost one. */
  readonly node: string;
}

/** A stretch of packets in a row that nobody answered. */
export interface Gap {
  /** When the first lost packet was sent. */
  readonly from: number;
  /** When the first packet after it was sent that was answered; for a gap at the end, one interval after the last. */
  readonly to: number;
  readonly ms: number;
  readonly lost: number;
}

/** A stretch of packets in a row that the same node answered (lost ones between them left out). */
export interface Turn {
  readonly node: string;
  /** Sending time of its first packet. */
  readonly from: number;
  /** Sending time of its last packet. */
  readonly to: number;
  readonly packets: number;
}

/** A time in which answers of several nodes alternate: both answer. */
export interface Overlap {
  readonly nodes: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly ms: number;
}

/** What a probe has measured. */
export interface ProbeReport {
  readonly sent: number;
  readonly received: number;
  readonly lost: number;
  /** Further answers to a packet that was answered already: two stations got it. */
  readonly duplicates: number;
  readonly longestGapMs: number;
  readonly gaps: readonly Gap[];
  readonly turns: readonly Turn[];
  readonly overlaps: readonly Overlap[];
  readonly overlapMs: number;
  /** Answers by node. */
  readonly nodes: Readonly<Record<string, { readonly packets: number; readonly first: number; readonly last: number }>>;
  /** By how much the probe was late with a packet at worst: nothing shorter than this can be told from its own faults. */
  readonly maxSendLateMs: number;
  /** Median round trip, milliseconds; quantised to the probe's interval. */
  readonly medianRoundTripMs: number | null;
  readonly packets: readonly ProbePacket[];
}

/** What the probe program hands over. */
export interface ProbeSeries {
  readonly intervalMs: number;
  readonly packets: readonly ProbePacket[];
  readonly duplicates: number;
  readonly maxSendLateMs: number;
}

/**
 * Draws the conclusions from a series of packets in the order of sending.
 * @param overlapWindowMs a node that answers again this soon after another one had begun to: both were answering. One
 *   change from one node to the next is a move, and no overlap.
 */
export function reportOf(series: ProbeSeries, overlapWindowMs = 50): ProbeReport {
  const { packets, intervalMs, duplicates, maxSendLateMs } = series;
  const gaps = findGaps(packets, intervalMs);
  const turns = findTurns(packets);
  // Where the probe itself was late, its packets are further apart.
  const overlaps = findOverlaps(turns, overlapWindowMs + maxSendLateMs);
  const answered = packets.filter(({ answered: at }) => at !== null);
  const roundTrips = answered.map(({ sent, answered: at }) => (at ?? sent) - sent).sort((a, b) => a - b);
  return {
    sent: packets.length,
    received: answered.length,
    lost: packets.length - answered.length,
    duplicates,
    longestGapMs: Math.max(0, ...gaps.map(({ ms }) => ms)),
    gaps,
    turns,
    overlaps,
    overlapMs: overlaps.reduce((sum, { ms }) => sum + ms, 0),
    nodes: countByNode(turns),
    maxSendLateMs,
    medianRoundTripMs: roundTrips[Math.floor(roundTrips.length / 2)] ?? null,
    packets,
  };
}

function findGaps(packets: readonly ProbePacket[], intervalMs: number): Gap[] {
  const gaps: Gap[] = [];
  let open: { from: number; last: number; lost: number } | undefined;
  const close = (to: number) => {
    if (open) gaps.push({ from: open.from, to, ms: to - open.from, lost: open.lost });
    open = undefined;
  };
  for (const { sent, answered } of packets) {
    if (answered !== null) close(sent);
    else if (open) open = { from: open.from, last: sent, lost: open.lost + 1 };
    else open = { from: sent, last: sent, lost: 1 };
  }
  if (open) close(open.last + intervalMs);
  return gaps;
}

function findTurns(packets: readonly ProbePacket[]): Turn[] {
  const turns: Turn[] = [];
  for (const { sent, answered, node } of packets) {
    if (answered === null) continue;
    const last = turns.at(-1);
    if (last?.node === node) turns[turns.length - 1] = { ...last, to: sent, packets: last.packets + 1 };
    else turns.push({ node, from: sent, to: sent, packets: 1 });
  }
  return turns;
}

function findOverlaps(turns: readonly Turn[], windowMs: number): Overlap[] {
  const overlaps: Overlap[] = [];
  let cluster: Turn[] = [];
  const close = () => {
    const [first] = cluster;
    const last = cluster.at(-1);
    // One change is a move; two within the window are two nodes in turns.
    if (first && last && cluster.length > 1) {
      const nodes = [...new Set(cluster.map(({ node }) => node))];
      overlaps.push({ nodes, from: first.from, to: last.from, ms: last.from - first.from });
    }
    cluster = [];
  };
  for (const turn of turns.slice(1)) {
    const last = cluster.at(-1);
    if (last && turn.from - last.from > windowMs) close();
    cluster.push(turn);
  }
  close();
  return overlaps;
}

function countByNode(turns: readonly Turn[]): ProbeReport['nodes'] {
  const nodes: Record<string, { packets: number; first: number; last: number }> = {};
  for (const { node, from, to, packets } of turns) {
    const known = nodes[node];
    nodes[node] = { packets: (known?.packets ?? 0) + packets, first: known?.first ?? from, last: to };
  }
  return nodes;
}
