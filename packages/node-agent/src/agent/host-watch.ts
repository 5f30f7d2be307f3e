import { readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '@fairlead/runtime';
import type { RestoreLimiter } from '../apply/restore-limiter.ts';
import type { Timers } from '../apply/timers.ts';
import { asksWithAnyAddress, hostTroubles, networkDaemons, SETTINGS } from '../facts/host-settings.ts';
import type { HostSettings, HostTrouble, NetworkDaemon, SettingName, Settings } from '../facts/host-settings.ts';
import type { KernelState } from '../facts/kernel-state.ts';
import type { Segment } from '../plan/types.ts';

/** The kernel tells nobody of these sysctls. Eight small files an interface, some 0.2 ms. */
const LOOK_MS = 10_000;
/**
 * The one of them that is looked at more often, for its effect is as soon: a node that answers no ARP is dead to its peers
 * after three misses, and what they take from it then they would take in vain while it believes that it serves.
 */
const GLANCE_MS = 1_000;

const CONF = '/proc/sys/net/ipv4/conf';
const UNIX_SOCKETS = '/proc/net/unix';

/** What was last seen of the host. */
export interface HostFindings {
  readonly troubles: readonly HostTrouble[];
  /** What others keep removing, in words. */
  readonly contested: readonly string[];
  /** Who may be doing that. */
  readonly daemons: readonly NetworkDaemon[];
}

export interface HostWatchOptions {
  readonly state: KernelState;
  readonly segments: () => readonly Segment[];
  readonly limiter: RestoreLimiter;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** The findings are others. Must not throw. */
  readonly changed: () => void;
}

/** Looks from time to time at what of the host the kernel sends no events of, and sets the one sysctl that is ours to set. */
export class HostWatch {
  readonly #options: HostWatchOptions;
  #findings: HostFindings = { troubles: [], contested: [], daemons: [] };
  #lookAt = 0;
  /** What arp_ignore was at the last look. */
  #arpIgnore: readonly (number | undefined)[] = [];
  #cancel: () => void = () => undefined;

  constructor(options: HostWatchOptions) {
    this.#options = options;
  }

  get findings(): HostFindings {
    return this.#findings;
  }

  /** Looks now, and every 10 s from then on; at what makes the node deaf every second. */
  look(): void {
    const { timers, signal, changed } = this.#options;
    this.#cancel();
    if (signal.aborted) {
      return;
    }
    this.#lookAt = timers.now() + LOOK_MS;
    this.#glanceLater();
    const findings = this.#find();
    if (!isDeepStrictEqual(findings, this.#findings)) {
      this.#findings = findings;
      changed();
    }
  }

  #glanceLater(): void {
    const { timers } = this.#options;
    this.#cancel = timers.after(GLANCE_MS, () => {
      if (timers.now() >= this.#lookAt || !isDeepStrictEqual(this.#readArpIgnore(), this.#arpIgnore)) {
        this.look();
      } else {
        this.#glanceLater();
      }
    });
  }

  #readArpIgnore(): readonly (number | undefined)[] {
    return namesOf(this.#options.segments()).map((name) => valueOf(name, 'arp_ignore'));
  }

  #find(): HostFindings {
    const { state, limiter, timers } = this.#options;
    const segments = this.#options.segments();
    const contested = limiter.contested(timers.now());
    return {
      troubles: hostTroubles({
        segments,
        settings: this.#settings(segments),
        links: state.links.values(),
        foreignAddresses: state.foreignAddresses,
      }),
      contested,
      daemons: contested.length === 0 ? [] : networkDaemons(textOf(UNIX_SOCKETS)),
    };
  }

  /** The sysctls, after the agent has set what it may. */
  #settings(segments: readonly Segment[]): HostSettings {
    const settings = new Map(namesOf(segments).map((name) => [name, read(name)]));
    this.#arpIgnore = Array.from(settings.values(), ({ arp_ignore }) => arp_ignore);
    for (const segment of segments.filter((each) => asksWithAnyAddress(settings, each))) {
      if (write(segment.name, 'arp_announce', 2)) {
        settings.set(segment.name, read(segment.name));
        this.#options.logger.info('Set arp_announce to 2, so that questions carry no address of ours', {
          interface: segment.name,
        });
      }
    }
    return settings;
  }
}

/** Whose sysctls count: the interfaces', and those that hold for all. */
function namesOf(segments: readonly Segment[]): string[] {
  return ['all', ...segments.map(({ name }) => name)];
}

function read(name: string): Settings {
  const values = SETTINGS.map((setting) => [setting, valueOf(name, setting)] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/** @returns undefined where it cannot be read: the interface may have gone just now */
function valueOf(name: string, setting: SettingName): number | undefined {
  const value = Number.parseInt(textOf(`${CONF}/${name}/${setting}`), 10);
  return Number.isNaN(value) ? undefined : value;
}

/** @returns whether it is set; in a container `/proc/sys` is read-only as a rule */
function write(name: string, setting: (typeof SETTINGS)[number], value: number): boolean {
  try {
    writeFileSync(`${CONF}/${name}/${setting}`, String(value));
    return true;
  } catch {
    return false;
  }
}

/** What is in a file of the kernel's; nothing where it is not there: the interface may have gone just now. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
