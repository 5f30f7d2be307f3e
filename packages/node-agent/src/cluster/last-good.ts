import { DEFAULT_NODE_AGENT_SPEC, validateLBNodeAgent } from '@fairlead/api';
import type { LBNodeAgentSpec } from '@fairlead/api';
import type { Link } from '@fairlead/netlink';
import { isDummy } from '../facts/ownership.ts';
import { interfacePattern } from '../plan/interface-selector.ts';
import type { GroupFacts } from '../plan/types.ts';

/** Why the LBNodeAgent that selects this node is not in use. `type` is that of the condition; each at most once. */
export interface SettingsProblem {
  readonly type: 'InvalidInterface' | 'InvalidDummyInterface';
  readonly message: string;
}

export interface LastGoodOptions {
  /** What a past life went by. */
  readonly past:
    { readonly spec: LBNodeAgentSpec; readonly groups: readonly Pick<GroupFacts, 'name' | 'interfaces'>[] } | undefined;
  /** All links of the node; none before they have been read. */
  readonly links: () => Iterable<Link>;
}

/**
 * What passed the API server and cannot be used nevertheless is not used: the last settings that could stay, whatever else
 * changes in them, and over restarts. An address that was lost to a typing error would be an outage of our own making.
 */
export class LastGood {
  readonly #links: LastGoodOptions['links'];
  readonly #interfaces: Map<string, GroupFacts['interfaces']>;
  #settings: LBNodeAgentSpec;
  #problems: readonly SettingsProblem[] = [];

  constructor({ past, links }: LastGoodOptions) {
    this.#links = links;
    this.#settings = past?.spec ?? DEFAULT_NODE_AGENT_SPEC;
    this.#interfaces = new Map(past?.groups.map(({ name, interfaces }) => [name, interfaces]));
  }

  /** What is wrong with what was last given to {@link settings}; empty where it is in use. */
  get problems(): readonly SettingsProblem[] {
    return this.#problems;
  }

  /** @param asked the settings that are to hold @returns those that do */
  settings(asked: LBNodeAgentSpec): LBNodeAgentSpec {
    const links = [...this.#links()];
    if (links.length === 0) {
      // Every node has lo: what is asked for cannot be judged yet.
      return this.#settings;
    }
    this.#problems = [...interfaceProblems(asked), ...dummyProblems(asked, links)];
    if (this.#problems.length === 0) {
      this.#settings = asked;
    }
    return this.#settings;
  }

  /** @returns the group with interfaces that can be used, where it ever had such; its own condition says what is wrong */
  group(asked: GroupFacts): GroupFacts {
    const { name, interfaces } = asked;
    if (interfaces?.some((selector) => interfacePattern(selector) === 'invalid') !== true) {
      this.#interfaces.set(name, interfaces);
      return asked;
    }
    return this.#interfaces.has(name) ? { ...asked, interfaces: this.#interfaces.get(name) } : asked;
  }
}

function interfaceProblems(asked: LBNodeAgentSpec): SettingsProblem[] {
  const sentences = validateLBNodeAgent(asked).map(({ sentence }) => sentence);
  return sentences.length === 0
    ? []
    : [
        {
          type: 'InvalidInterface',
          message: `${sentences.join('; ')}; the last settings that could be used stay`,
        },
      ];
}

/** An interface with a life of its own would lose that: its addresses would be local no more. */
function dummyProblems({ dummyInterface: name }: LBNodeAgentSpec, links: readonly Link[]): SettingsProblem[] {
  const link = links.find((each) => each.name === name);
  if (link === undefined || isDummy(link)) {
    return [];
  }
  const kind = link.kind === undefined ? 'a device' : `of kind ${link.kind}`;
  const message = `dummyInterface: ${name} is ${kind} here and not of kind dummy; give a name that no other interface has; the last settings that could be used stay`;
  return [{ type: 'InvalidDummyInterface', message }];
}
