import type { HolderPolicy } from '../types.ts';
import type { LanOptions } from './lan.ts';

/** A history: what is there, and everything that goes wrong, each with its time. Plain values, so that it prints and shrinks. */
export interface History {
  /** Of the chances that the history does not fix: delays, jitter, which frame is lost. */
  readonly seed: number;
  /** Number of nodes; those on no LAN are not there. */
  readonly nodes: number;
  readonly lans: readonly LanOptions[];
  readonly services: readonly ServicePlan[];
  readonly steps: readonly Step[];
}

/** A Service that comes at a time. */
export interface ServicePlan {
  /** Virtual milliseconds. */
  readonly at: number;
  /** Position of the LAN whose subnet has its address. */
  readonly lan: number;
  readonly family: 'IPv4' | 'IPv6';
  /** What `preferredNodes` give, by position of the node. */
  readonly weights: readonly number[];
  /** Where its group says something else than usual. */
  readonly policy?: Partial<HolderPolicy>;
}

/** Something that begins at a time, lasts, and then is over. What lasts longer than the history lasts for good. */
export type Step = Fault & { readonly at: number; readonly ms: number };

export type Fault =
  /** Each delivery is lost with this chance; 1: nothing passes at all. */
  | { readonly type: 'loss'; readonly lan: number; readonly share: number }
  /** Frames take up to so many milliseconds, and overtake each other. */
  | { readonly type: 'delay'; readonly lan: number; readonly most: number }
  | { readonly type: 'duplicates'; readonly lan: number; readonly share: number }
  /** The whole machine stands still. */
  | { readonly type: 'pause'; readonly node: number }
  /** Power gone; it boots at the end. */
  | { readonly type: 'crash'; readonly node: number }
  /** SIGSTOP: the kernel answers. */
  | { readonly type: 'stop-agent'; readonly node: number }
  /** kill -9; a new one starts at the end. */
  | { readonly type: 'kill-agent'; readonly node: number; readonly stateFile: boolean }
  /** Frames pass within each part only: the part of each node by position, the gateway is in part 0. */
  | { readonly type: 'split'; readonly lan: number; readonly parts: readonly number[] }
  | { readonly type: 'carrier'; readonly lan: number; readonly node: number }
  /** The ports of these nodes pass nothing with carrier up; 'all': the gateway's as well. */
  | { readonly type: 'learning'; readonly lan: number; readonly nodes: readonly number[] | 'all' }
  /** An EVPN fabric between these nodes and the others: ARP suppression. `learns`: it follows announcements. */
  | { readonly type: 'suppression'; readonly lan: number; readonly nodes: readonly number[]; readonly learns: boolean }
  /** The gateway answers every question to all; `probes`: those with sender 0 as well. */
  | { readonly type: 'proxy-arp'; readonly lan: number; readonly probes: boolean }
  /** A host that is no node has the address of that Service. */
  | { readonly type: 'foreign'; readonly service: number; readonly announces: boolean }
  /** The API server as seen from these nodes. */
  | {
      readonly type: 'api';
      readonly fault: 'away' | 'slow' | 'stale' | 'lost-answers';
      readonly nodes: readonly number[] | 'all';
    }
  /** The time of day jumps. */
  | { readonly type: 'clock'; readonly node: number; readonly byMs: number }
  /** The Service is deleted, and created again with its address at the end. */
  | { readonly type: 'service-gone'; readonly service: number }
  /** No ready endpoint on these nodes. */
  | { readonly type: 'ineligible'; readonly service: number; readonly nodes: readonly number[] }
  /** The node is to hand over. */
  | { readonly type: 'exclude'; readonly node: number }
  /** Somebody with a root shell takes the Service's address off. */
  | { readonly type: 'remove-by-hand'; readonly service: number };

/** Steps that are longer than this last for good. */
export const FOR_GOOD_MS = 1e9;

/** No machine is back sooner after it lost its power. */
export const SHORTEST_REBOOT_MS = 1500;

/** Whether a step makes silence and answers on its LAN mean little: nothing can be promised while it lasts. */
export function isNoise(step: Fault): boolean {
  switch (step.type) {
    case 'loss':
    case 'suppression':
    case 'proxy-arp':
      return true;
    case 'delay':
      // A question by itself is waited for 30 ms, a round of the proof 33 ms.
      return step.most > 15;
    case 'learning':
      return step.nodes === 'all';
    default:
      return false;
  }
}

/**
 * Whether a step can be a reason for an address to move at all. Agents, the API server, clocks and those who answer for
 * others never are.
 */
export function canMove(step: Fault): boolean {
  switch (step.type) {
    case 'duplicates':
    case 'stop-agent':
    case 'kill-agent':
    case 'api':
    case 'clock':
    case 'suppression':
    case 'proxy-arp':
      return false;
    case 'delay':
      return isNoise(step);
    case 'learning':
      // Where nobody hears anybody, nobody may take anything.
      return step.nodes !== 'all';
    case 'loss':
      return step.share < 1;
    default:
      return true;
  }
}

/** The step as a line that can be read. */
export function describeStep(step: Step): string {
  const until = step.ms >= FOR_GOOD_MS ? 'for good' : `for ${Math.round(step.ms)} ms`;
  return `${Math.round(step.at).toString().padStart(7)} ms  ${describeFault(step)}${step.type === 'remove-by-hand' || step.type === 'clock' ? '' : `, ${until}`}`;
}

/** All of it, one line each. */
export function describeHistory(history: History): readonly string[] {
  return [
    ...history.lans.map(
      ({ families, members, singles = [], dhcpv6 = false }, position) =>
        `LAN ${position}: ${families}${dhcpv6 ? ' (DHCPv6)' : ''}, ${members.map(nodeName).join(' ') || 'no nodes'}${singles.map(({ node, family }) => ` (${nodeName(node)}: ${family} only)`).join('')}, gateway`,
    ),
    ...history.services.map(describeService),
    ...history.steps.map(describeStep),
  ];
}

function describeService({ at, lan, family, weights, policy = {} }: ServicePlan, position: number): string {
  const preferences = weights.some((weight) => weight > 0) ? `, preferences ${weights.join(' ')}` : '';
  const rules = Object.entries(policy).map(([name, value]) => `, ${name} ${value}`);
  return `${Math.round(at).toString().padStart(7)} ms  service ${position} comes: ${family} on LAN ${lan}${preferences}${rules.join('')}`;
}

function describeFault(step: Fault): string {
  switch (step.type) {
    case 'loss':
      return step.share === 1
        ? `LAN ${step.lan} passes nothing`
        : `LAN ${step.lan} loses ${(step.share * 100).toFixed(1)} % of its frames`;
    case 'delay':
      return `LAN ${step.lan} takes up to ${Math.round(step.most)} ms for a frame`;
    case 'duplicates':
      return `LAN ${step.lan} delivers ${(step.share * 100).toFixed(0)} % twice`;
    case 'pause':
      return `${nodeName(step.node)} stands still`;
    case 'crash':
      return `${nodeName(step.node)} loses its power`;
    case 'stop-agent':
      return `the agent of ${nodeName(step.node)} stands still`;
    case 'kill-agent':
      return `the agent of ${nodeName(step.node)} is killed${step.stateFile ? '' : ', its state file lost'}`;
    case 'split':
      return `LAN ${step.lan} is split: parts ${step.parts.join(' ')}, gateway in 0`;
    case 'carrier':
      return `${nodeName(step.node)} has no carrier on LAN ${step.lan}`;
    case 'learning':
      return `${step.nodes === 'all' ? 'all ports' : `ports of ${step.nodes.map(nodeName).join(' ')}`} on LAN ${step.lan} pass nothing (learning)`;
    case 'suppression':
      return `ARP suppression on LAN ${step.lan} between ${step.nodes.map(nodeName).join(' ')} and the rest${step.learns ? '' : ', which never learns'}`;
    case 'proxy-arp':
      return `the gateway of LAN ${step.lan} answers for everybody${step.probes ? ', probes too' : ''}`;
    case 'foreign':
      return `a foreign host has the address of service ${step.service}${step.announces ? ' and says so' : ''}`;
    case 'api':
      return `API server ${step.fault} for ${step.nodes === 'all' ? 'all' : step.nodes.map(nodeName).join(' ')}`;
    case 'clock':
      return `the time of day of ${nodeName(step.node)} jumps by ${Math.round(step.byMs)} ms`;
    case 'service-gone':
      return `service ${step.service} is deleted`;
    case 'ineligible':
      return `service ${step.service} has no endpoint on ${step.nodes.map(nodeName).join(' ') || 'no node'}`;
    case 'exclude':
      return `${nodeName(step.node)} is excluded`;
    case 'remove-by-hand':
      return `somebody removes the address of service ${step.service}`;
  }
}

function nodeName(position: number): string {
  return `node-${position + 1}`;
}
