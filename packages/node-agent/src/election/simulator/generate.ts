import type { HolderPolicy } from '../types.ts';
import { FOR_GOOD_MS, SHORTEST_REBOOT_MS } from './history.ts';
import type { Fault, History, ServicePlan, Step } from './history.ts';
import type { LanFamilies, LanOptions } from './lan.ts';
import { seededRandom } from './timeline.ts';

/** How histories are drawn. Times in virtual milliseconds. */
export interface GenerateOptions {
  /** When the first step may begin: agents have started, Services are there. Default 3000. */
  readonly from?: number;
  /** How long after that the last one may begin. Default 6000. */
  readonly within?: number;
  /** Number of steps; default 1 to 7, one being the most frequent. */
  readonly steps?: number;
  /** Longest time that a step lasts, apart from those that last for good. Default 8000. */
  readonly longest?: number;
  /** Whether steps may last for good. Default true. */
  readonly forGood?: boolean;
}

type Kind = Fault['type'];

const FAMILIES = ['IPv4', 'IPv6'] as const;
/** An agent that is gone for so long is taken for gone: its Lease is stale then. */
const GONE_MS = { least: 46_000, most: 70_000 };

/** How often each kind of fault comes, relative to the others. */
const KINDS: readonly (readonly [Kind, number])[] = [
  ['crash', 10],
  ['pause', 8],
  ['split', 8],
  ['carrier', 6],
  ['learning', 6],
  ['kill-agent', 8],
  ['stop-agent', 6],
  ['loss', 8],
  ['delay', 4],
  ['duplicates', 3],
  ['suppression', 5],
  ['proxy-arp', 3],
  ['foreign', 4],
  ['api', 8],
  ['clock', 2],
  ['service-gone', 4],
  ['ineligible', 6],
  ['exclude', 6],
  ['remove-by-hand', 3],
];

/** The history of a seed. */
export function generateHistory(seed: number, options: GenerateOptions = {}): History {
  const draw = new Draw(seededRandom(Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995));
  const nodes = draw.weighted([
    [2, 2],
    [3, 5],
    [4, 3],
    [5, 1],
    [6, 1],
  ]);
  const everybody = Array.from({ length: nodes }, (_, index) => index);
  const lans = [lanOf(draw, everybody)];
  if (nodes > 2 && draw.chance(0.2)) {
    lans.push(
      lanOf(
        draw,
        everybody.filter(() => draw.chance(0.7)),
      ),
    );
  }
  const services = Array.from({ length: draw.integer(1, 4) }, () =>
    servicePlan(draw, lans, nodes, options.from ?? 3000),
  );
  const { from = 3000, within = 6000 } = options;
  const count = options.steps ?? (draw.chance(0.4) ? 1 : draw.integer(2, 7));
  const steps = Array.from({ length: count }, (): Step => {
    const fault = drawFault(draw, { lans: lans.length, nodes, services: services.length });
    return { ...fault, at: Math.round(from + draw.number(0, within)), ms: duration(draw, fault, options) };
  });
  return { seed, nodes, lans, services, steps: steps.sort((a, b) => a.at - b.at) };
}

function lanOf(draw: Draw, members: readonly number[]): LanOptions {
  const families = draw.weighted<LanFamilies>([
    ['IPv4', 5],
    ['IPv6', 3],
    ['dual', 2],
  ]);
  const singles = families === 'dual' && draw.chance(0.5) ? members.filter(() => draw.chance(0.3)) : [];
  return {
    families,
    members,
    ...(singles.length === 0 ? {} : { singles: singles.map((node) => ({ node, family: draw.pick(FAMILIES) })) }),
    ...(families !== 'IPv4' && draw.chance(0.3) ? { dhcpv6: true } : {}),
  };
}

function servicePlan(draw: Draw, lans: readonly LanOptions[], nodes: number, from: number): ServicePlan {
  const lan = draw.integer(0, lans.length - 1);
  const of = lans[lan]?.families ?? 'IPv4';
  const preferred = draw.chance(0.25);
  return {
    at: draw.chance(0.8) ? draw.number(0, 1500) : draw.number(0, 2 * from),
    lan,
    family: of === 'dual' ? draw.pick(FAMILIES) : of,
    weights: Array.from({ length: nodes }, () => (preferred ? draw.integer(0, 2) * 10 : 0)),
    ...(draw.chance(0.3) ? { policy: policy(draw, preferred) } : {}),
  };
}

function policy(draw: Draw, preferred: boolean): Partial<HolderPolicy> {
  return {
    ...(draw.chance(0.5) ? { takeOver: 'Force' } : {}),
    ...(draw.chance(0.5) ? { onConflict: 'Yield' } : {}),
    ...(preferred && draw.chance(0.7) ? { takeBackMs: Math.round(draw.logarithmic(100, 10_000)) } : {}),
  };
}

function duration(draw: Draw, fault: Fault, { longest = 8000, forGood = true }: GenerateOptions): number {
  switch (fault.type) {
    case 'loss':
      // A burst in which nothing passes, or a loss that goes on.
      return Math.round(
        fault.share === 1 ? draw.logarithmic(20, Math.min(3000, longest)) : draw.logarithmic(200, longest),
      );
    case 'remove-by-hand':
    case 'clock':
      return 0;
    case 'crash':
      return forGood && draw.chance(0.25) ? FOR_GOOD_MS : Math.round(draw.logarithmic(SHORTEST_REBOOT_MS, longest));
    case 'kill-agent':
    case 'stop-agent':
      if (draw.chance(0.1)) {
        return Math.round(draw.number(GONE_MS.least, GONE_MS.most));
      }
      return forGood && draw.chance(0.2) ? FOR_GOOD_MS : Math.round(draw.logarithmic(30, longest));
    case 'split':
    case 'carrier':
    case 'exclude':
    case 'ineligible':
    case 'suppression':
    case 'api':
      return forGood && draw.chance(0.25) ? FOR_GOOD_MS : Math.round(draw.logarithmic(100, longest));
    case 'learning':
      return draw.chance(0.5) ? Math.min(longest, 10_000) : Math.round(draw.logarithmic(100, longest));
    default:
      return Math.round(draw.logarithmic(30, longest));
  }
}

function drawFault(
  draw: Draw,
  has: { readonly lans: number; readonly nodes: number; readonly services: number },
): Fault {
  const kind = draw.weighted(KINDS);
  const node = draw.integer(0, has.nodes - 1);
  const lan = draw.integer(0, has.lans - 1);
  const service = draw.integer(0, has.services - 1);
  const some = (share: number): readonly number[] =>
    Array.from({ length: has.nodes }, (_, index) => index).filter(() => draw.chance(share));
  switch (kind) {
    case 'loss':
      return { type: kind, lan, share: draw.chance(0.4) ? 1 : draw.logarithmic(0.01, 0.4) };
    case 'delay':
      return { type: kind, lan, most: draw.logarithmic(1, 150) };
    case 'duplicates':
      return { type: kind, lan, share: draw.number(0.05, 1) };
    case 'pause':
    case 'crash':
    case 'stop-agent':
    case 'exclude':
      return { type: kind, node };
    case 'kill-agent':
      return { type: kind, node, stateFile: draw.chance(0.6) };
    case 'split': {
      const parts = draw.integer(2, 3);
      return { type: kind, lan, parts: Array.from({ length: has.nodes }, () => draw.integer(0, parts - 1)) };
    }
    case 'carrier':
      return { type: kind, lan, node };
    case 'learning':
      return {
        type: kind,
        lan,
        nodes: draw.chance(0.3) ? 'all' : [node, ...some(0.2).filter((other) => other !== node)],
      };
    case 'suppression':
      return { type: kind, lan, nodes: some(0.5), learns: draw.chance(0.6) };
    case 'proxy-arp':
      return { type: kind, lan, probes: draw.chance(0.5) };
    case 'foreign':
      return { type: kind, service, announces: draw.chance(0.5) };
    case 'api':
      return {
        type: kind,
        fault: draw.pick(['away', 'slow', 'stale', 'lost-answers']),
        nodes: draw.chance(0.6) ? 'all' : some(0.5),
      };
    case 'clock':
      return { type: kind, node, byMs: draw.number(-1e8, 1e8) };
    case 'service-gone':
    case 'remove-by-hand':
      return { type: kind, service };
    case 'ineligible':
      return { type: kind, service, nodes: some(0.5) };
  }
}

/** Draws values from a source of chance. */
class Draw {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  chance(share: number): boolean {
    return this.#random() < share;
  }

  number(least: number, most: number): number {
    return least + this.#random() * (most - least);
  }

  /** Each power of ten equally often. */
  logarithmic(least: number, most: number): number {
    return least * (most / least) ** this.#random();
  }

  integer(least: number, most: number): number {
    return Math.floor(this.number(least, most + 1));
  }

  pick<const T>(values: readonly [T, ...T[]]): T {
    return values[this.integer(0, values.length - 1)] ?? values[0];
  }

  weighted<const T>(values: readonly (readonly [T, number])[]): T {
    let left = this.#random() * values.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [value, weight] of values) {
      left -= weight;
      if (left < 0) {
        return value;
      }
    }
    throw new RangeError('there is nothing to choose from');
  }
}
