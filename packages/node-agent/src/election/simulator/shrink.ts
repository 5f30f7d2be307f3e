import { FOR_GOOD_MS, SHORTEST_REBOOT_MS } from './history.ts';
import type { History, Step } from './history.ts';

/** How many histories may be played to find a shorter one. */
const ATTEMPTS = 1500;

/**
 * The shortest history that can be found which still fails: fewer steps (delta debugging, Zeller and
 * Hildebrandt 2002), fewer Services, LANs and nodes, shorter and rounder times.
 * @param history one that fails
 * @param fails whether a history fails in the same way
 */
export function shrink(history: History, fails: (history: History) => boolean): History {
  let attempts = ATTEMPTS;
  const breaks = (candidate: History): boolean => {
    attempts -= 1;
    return attempts >= 0 && fails(candidate);
  };
  let shortest = history;
  for (;;) {
    let next = { ...shortest, steps: fewer(shortest.steps, (steps) => breaks({ ...shortest, steps })) };
    for (const candidates of [withoutServices, withoutNodes, plainer, shorter]) {
      next = firstThatBreaks(next, candidates, breaks);
    }
    if (JSON.stringify(next) === JSON.stringify(shortest) || attempts <= 0) {
      return next;
    }
    shortest = next;
  }
}

/** Applies the first of the candidates that still fails, again and again until none does. */
function firstThatBreaks(
  history: History,
  candidates: (history: History) => Iterable<History>,
  breaks: (history: History) => boolean,
): History {
  let best = history;
  for (;;) {
    let found: History | undefined;
    for (const candidate of candidates(best)) {
      if (breaks(candidate)) {
        found = candidate;
        break;
      }
    }
    if (found === undefined) {
      return best;
    }
    best = found;
  }
}

/** A part of the list that still fails and of which no item can be left out. */
export function fewer<T>(items: readonly T[], fails: (items: readonly T[]) => boolean): readonly T[] {
  let kept = items;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < kept.length;) {
      const rest = [...kept.slice(0, start), ...kept.slice(start + size)];
      if (fails(rest)) {
        kept = rest;
      } else {
        start += size;
      }
    }
  }
  return kept;
}

/** Services have their positions in steps, so one that goes takes its steps along. */
function* withoutServices(history: History): Iterable<History> {
  for (const position of history.services.keys()) {
    if (history.services.length > 1) {
      yield {
        ...history,
        services: history.services.filter((_, index) => index !== position),
        steps: history.steps
          .filter((step) => !('service' in step) || step.service !== position)
          .map((step) => renumbered(step, position)),
      };
    }
  }
}

function renumbered(step: Step, gone: number): Step {
  return 'service' in step && step.service > gone ? { ...step, service: step.service - 1 } : step;
}

/** A node that is on no LAN is not there. */
function* withoutNodes(history: History): Iterable<History> {
  const [first, second] = history.lans;
  if (first !== undefined && second !== undefined && history.services.every(({ lan }) => lan === 0)) {
    yield { ...history, lans: [first], steps: history.steps.filter((step) => !('lan' in step) || step.lan === 0) };
  }
  for (let node = history.nodes - 1; node >= 0; node -= 1) {
    const lans = history.lans.map((lan) => ({ ...lan, members: lan.members.filter((member) => member !== node) }));
    if (lans.some(({ members }, index) => members.length < (history.lans[index]?.members.length ?? 0))) {
      yield { ...history, lans };
    }
  }
}

function* plainer(history: History): Iterable<History> {
  if (history.lans.some(({ families }) => families !== 'IPv4')) {
    yield {
      ...history,
      lans: history.lans.map(({ members }) => ({ members, families: 'IPv4' })),
      services: history.services.map((service) => ({ ...service, family: 'IPv4' })),
    };
  }
  if (history.services.some(({ weights }) => weights.some((weight) => weight > 0))) {
    yield { ...history, services: history.services.map((service) => ({ ...service, weights: [] })) };
  }
  if (history.lans.some(({ singles, dhcpv6 }) => singles !== undefined || dhcpv6 !== undefined)) {
    yield { ...history, lans: history.lans.map(({ members, families }) => ({ members, families })) };
  }
  if (history.services.some(({ policy }) => policy !== undefined)) {
    yield {
      ...history,
      services: history.services.map(({ at, lan, family, weights }) => ({ at, lan, family, weights })),
    };
  }
  if (history.services.some(({ at }) => at > 0)) {
    yield { ...history, services: history.services.map((service) => ({ ...service, at: 0 })) };
  }
}

/** Steps that take half as long or are not for good, and times that are round. */
function* shorter(history: History): Iterable<History> {
  for (const [index, step] of history.steps.entries()) {
    const change = (over: { readonly at?: number; readonly ms?: number }): History => ({
      ...history,
      steps: history.steps.map((other, position): Step => (position === index ? { ...other, ...over } : other)),
    });
    if (step.ms >= FOR_GOOD_MS) {
      yield change({ ms: 5000 });
    } else if (step.ms > (step.type === 'crash' ? 2 * SHORTEST_REBOOT_MS : 20)) {
      yield change({ ms: Math.round(step.ms / 2) });
    }
    const round = Math.round(step.at / 1000) * 1000;
    if (round !== step.at) {
      yield change({ at: round });
    }
  }
}
