import { bgpSettings } from './bgp.ts';
import { ospfSettings } from './ospf.ts';
import { BFD_RULES, KERNEL_RULES, plainSettings, RIP_RULES } from './other-kinds.ts';
import { readConfiguration } from './protocols.ts';
import type { Configuration, Protocol } from './protocols.ts';
import { differences } from './setting.ts';
import type { Difference, Settings } from './setting.ts';

/** What a change of the configuration does to a protocol that runs. */
export interface Reset {
  /** Name of the protocol in BIRD's configuration. */
  readonly protocol: string;
  /** Its kind, in BIRD's word: `bgp`, `ospf`, `rip`, `kernel`, `bfd`, … */
  readonly kind: string;
  readonly effect:
    /** It is in the new configuration no more. */
    | 'ends'
    /** BIRD ends it and starts it anew. */
    | 'restarts'
    /** That cannot be told from the configuration: a statement is not known here, or the neighbor decides. */
    | 'may restart';
  /** The settings that are the reason, in BIRD's words and without their values. */
  readonly causes: readonly string[];
}

/** How the settings of a kind are read. Other kinds speak to nobody and carry no routes to where it matters. */
const KINDS: Readonly<Record<string, (protocol: Protocol) => Settings>> = {
  bgp: bgpSettings,
  ospf: ospfSettings,
  rip: (protocol) => plainSettings(protocol, RIP_RULES),
  babel: (protocol) => plainSettings(protocol, {}),
  kernel: (protocol) => plainSettings(protocol, KERNEL_RULES),
  bfd: (protocol) => plainSettings(protocol, BFD_RULES),
};

/** Kinds that carry the router ID to their neighbors. */
const NAMED_BY_ROUTER_ID: ReadonlySet<string> = new Set(['bgp', 'ospf']);

/**
 * What BIRD would end, restart or perhaps restart if it were given another configuration than it runs. Pure. What is not
 * named stays up: filters, constants, communities, new neighbors. Neither values nor passwords are in the result.
 * @param running the configuration that BIRD runs
 * @param wanted the one that it is to run, which its check has accepted
 */
export function resetsOf(running: string, wanted: string): readonly Reset[] {
  if (running === wanted) {
    return [];
  }
  const [before, after] = [readConfiguration(running), readConfiguration(wanted)];
  return [...before.protocols.values()].flatMap((old) => {
    if (!Object.hasOwn(KINDS, old.kind)) {
      return [];
    }
    const { name, kind } = old;
    const now = after.protocols.get(name);
    if (now === undefined) {
      const other = renamed(old, before, after);
      return [
        { protocol: name, kind, effect: 'ends', causes: [other === undefined ? 'removed' : `renamed to ${other}`] },
      ];
    }
    if (now.kind !== kind || now.variant !== old.variant) {
      return [{ protocol: name, kind, effect: 'restarts', causes: ['kind of protocol'] }];
    }
    const changed = differences(settingsOf(old, before), settingsOf(now, after));
    return changed.length === 0 ? [] : [{ protocol: name, kind, ...verdict(changed) }];
  });
}

/** Where something restarts it, what may do so as well does not matter. */
function verdict(changed: readonly Difference[]): Pick<Reset, 'effect' | 'causes'> {
  const certain = changed.filter(({ effect }) => effect === 'restarts');
  return certain.length > 0
    ? { effect: 'restarts', causes: certain.map(({ name }) => name) }
    : { effect: 'may restart', causes: changed.map(({ name }) => name) };
}

function settingsOf(protocol: Protocol, { routerID }: Configuration): Settings {
  const settings = KINDS[protocol.kind]?.(protocol) ?? new Map();
  if (NAMED_BY_ROUTER_ID.has(protocol.kind) && !settings.has('router id') && routerID !== undefined) {
    settings.set('router id', { effect: 'restarts', value: routerID });
  }
  return settings;
}

/** The new name of a protocol that is otherwise as it was. */
function renamed(old: Protocol, before: Configuration, after: Configuration): string | undefined {
  const settings = settingsOf(old, before);
  const found = [...after.protocols.values()].find(
    (candidate) =>
      candidate.kind === old.kind &&
      candidate.variant === old.variant &&
      !before.protocols.has(candidate.name) &&
      differences(settings, settingsOf(candidate, after)).length === 0,
  );
  return found?.name;
}
