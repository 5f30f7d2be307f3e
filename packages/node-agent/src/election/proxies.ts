import { addressBits, prefixContains } from '@fairlead/api';
import type { Address, Prefix } from '@fairlead/api';
import { PROXY_ANSWER_MS, PROXY_ASKS, PROXY_MOST, PROXY_RECHECK_MS, PROXY_ROUNDS } from './constants.ts';
import { addressKey } from './key.ts';
import type { MAC } from './types.ts';

/** Attempts to draw an address that nobody is known to use; a subnet where they fail is full, or as good as. */
const MOST_DRAWS = 16;

/** What is known of one subnet. */
interface SubnetCheck {
  readonly prefix: Prefix;
  verdict: 'unknown' | 'free' | 'proxied';
  /** The station that answers for everything. */
  mac: MAC | undefined;
  /** The addresses that are asked for now, with who answered for them. */
  asked: Map<bigint, MAC | undefined>;
  /** Who answered in the rounds before. */
  answered: readonly MAC[];
  round: number;
  askedAt: number;
  /** When the answers are judged, or the next check begins. */
  dueAt: number;
}

/** What is to be done after a look at the clock. */
export interface ProxyOutcome {
  /** Ask all stations for these. */
  readonly ask: readonly Address[];
  /** Some subnet has another verdict than before. */
  readonly changed: boolean;
}

/** What a check goes by. */
export interface ProxyLook {
  readonly now: number;
  /** 0 … 1. */
  readonly random: () => number;
  /** Whether somebody is known to use the address. */
  readonly inUse: (address: Address) => boolean;
  /** Whether silence since then means anything. */
  readonly living: (since: number) => boolean;
}

/**
 * Finds stations that answer for every address of a subnet (proxy ARP, private VLANs): where one does, no silence can be
 * heard, so nothing can be taken. Random addresses that nobody uses are asked for; where there are answers others are, and
 * one station that answers for nearly all of them answers for everything.
 */
export class ProxyWatch {
  #checks: SubnetCheck[] = [];

  /** The subnets of the interface as they are now; new ones are checked at once. */
  update(subnets: readonly Prefix[], now: number): void {
    const known = this.#checks;
    this.#checks = subnets.map(
      (prefix) => known.find((check) => samePrefix(check.prefix, prefix)) ?? newCheck(prefix, now),
    );
  }

  /** What was known may hold no more (a new cable, another switch): every subnet is checked again at that time. */
  again(at: number): void {
    for (const check of this.#checks) {
      restart(check, at);
    }
  }

  /** A foreign station answered for the address: perhaps it answers for everything. */
  suspect(address: Address, now: number): void {
    const check = this.#of(address);
    if (check !== undefined && check.asked.size === 0 && now - check.askedAt >= PROXY_RECHECK_MS.suspicion) {
      restart(check, now);
    }
  }

  /** Somebody answered for an address. */
  heard(address: Address, mac: MAC): void {
    const check = this.#of(address);
    const key = addressKey(address);
    if (check?.asked.has(key) === true) {
      check.asked.set(key, mac);
    }
  }

  /** Whether nothing can be known of the address: its subnet was not checked yet, or somebody answers for all of it. */
  verdict(address: Address): SubnetCheck['verdict'] {
    return this.#of(address)?.verdict ?? 'free';
  }

  /** The subnets on which some station answers for everything. */
  proxied(): readonly { readonly subnet: Prefix; readonly mac: MAC }[] {
    return this.#checks.flatMap(({ prefix, verdict, mac }) =>
      verdict === 'proxied' && mac !== undefined ? [{ subnet: prefix, mac }] : [],
    );
  }

  /** When {@link due} is to be called next. */
  next(): number | undefined {
    let next: number | undefined;
    for (const { dueAt } of this.#checks) {
      next = next === undefined ? dueAt : Math.min(next, dueAt);
    }
    return next;
  }

  /** Judges what is due, and says what to ask. */
  due(look: ProxyLook): ProxyOutcome {
    const ask: Address[] = [];
    let changed = false;
    for (const check of this.#checks) {
      if (check.dueAt <= look.now) {
        const before = check.verdict;
        ask.push(...(check.asked.size === 0 ? this.#begin(check, look) : this.#judge(check, look)));
        changed ||= check.verdict !== before;
      }
    }
    return { ask, changed };
  }

  #begin(check: SubnetCheck, look: ProxyLook): readonly Address[] {
    const drawn = unusedAddresses(check.prefix, look);
    if (drawn.length < PROXY_ASKS) {
      settle(check, 'free', look);
      return [];
    }
    check.asked = new Map(drawn.map((address) => [addressKey(address), undefined]));
    check.askedAt = look.now;
    check.dueAt = look.now + PROXY_ANSWER_MS;
    return drawn;
  }

  #judge(check: SubnetCheck, look: ProxyLook): readonly Address[] {
    check.answered = [...check.answered, ...[...check.asked.values()].filter((mac) => mac !== undefined)];
    check.round += 1;
    if (check.answered.length === 0) {
      if (look.living(check.askedAt)) {
        settle(check, 'free', look);
        return [];
      }
      check.round = 0;
    }
    if (check.round >= PROXY_ROUNDS) {
      check.mac = stationOfMost(check.answered);
      settle(check, check.mac === undefined ? 'free' : 'proxied', look);
      return [];
    }
    return this.#begin(check, look);
  }

  #of(address: Address): SubnetCheck | undefined {
    return this.#checks.find(({ prefix }) => prefixContains(prefix, address));
  }
}

function newCheck(prefix: Prefix, now: number): SubnetCheck {
  return {
    prefix,
    verdict: 'unknown',
    mac: undefined,
    asked: new Map(),
    answered: [],
    round: 0,
    askedAt: Number.NEGATIVE_INFINITY,
    dueAt: now,
  };
}

/** The one that answered for nearly all: an answer may get lost, or be late. */
function stationOfMost(answered: readonly MAC[]): MAC | undefined {
  return answered.find((mac) => answered.filter((other) => other === mac).length >= PROXY_MOST);
}

/** The verdict stays until there is another one. */
function restart(check: SubnetCheck, at: number): void {
  check.asked = new Map();
  check.answered = [];
  check.round = 0;
  check.dueAt = at;
}

function settle(check: SubnetCheck, verdict: 'free' | 'proxied', look: ProxyLook): void {
  check.verdict = verdict;
  check.asked = new Map();
  check.answered = [];
  check.round = 0;
  check.dueAt = look.now + PROXY_RECHECK_MS[verdict] * (0.5 + look.random());
}

/** Different addresses of the subnet that nobody is known to use; fewer where they are hard to find. */
function unusedAddresses(prefix: Prefix, { random, inUse }: ProxyLook): readonly Address[] {
  const { address, length } = prefix;
  const size = 1n << BigInt(addressBits(address.family) - length);
  const drawn = new Map<bigint, Address>();
  for (let draw = size > 2n ? 0 : MOST_DRAWS; draw < MOST_DRAWS && drawn.size < PROXY_ASKS; draw += 1) {
    // Neither the first nor the last one: routers and everybody answer for those.
    const host = 1n + (randomBits(random) % (size - 2n));
    const found: Address = { family: address.family, value: address.value + host };
    if (!inUse(found)) {
      drawn.set(found.value, found);
    }
  }
  return [...drawn.values()];
}

function randomBits(random: () => number): bigint {
  return BigInt(Math.floor(random() * 2 ** 32)) * 2n ** 32n + BigInt(Math.floor(random() * 2 ** 32));
}

function samePrefix(a: Prefix, b: Prefix): boolean {
  return a.length === b.length && addressKey(a.address) === addressKey(b.address);
}
