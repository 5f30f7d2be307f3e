import { createHash } from 'node:crypto';
import { formatPrefix, parsePrefix } from '@fairlead/api';
import type { Prefix, ServiceGroup } from '@fairlead/api';
import { attempt, checkedAt, within } from './collect.ts';
import type { Place } from './collect.ts';
import { announceablePrefixes, distinct, exactly, ofFamily } from './prefixes.ts';
import type { PrefixRange } from './prefixes.ts';
import { birdSymbol, community, NOTHING, objectName, wholeNumber } from './printable.ts';
import type { Printable } from './printable.ts';
import type { RouterViewProblem } from './problem.ts';
import type { CommunityView, GroupView, LargeCommunityView, PrefixRangeView } from './view.ts';

/**
 * A route that this node announces although no pool has its addresses: they outlived their pool, or come from a source
 * whose ranges only NetBox knows.
 */
export interface StrayRoute {
  readonly prefix: Prefix;
  /** The group whose communities it carries, where that still exists. */
  readonly group?: string;
}

/** What the groups may announce, by name; what strays belongs to its group, else to a group `kept` at the end. */
export function groupViews(
  serviceGroups: readonly ServiceGroup[],
  strays: readonly StrayRoute[],
  problems: RouterViewProblem[],
): GroupView[] {
  const sorted = [...serviceGroups].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const names = new Set(sorted.map(({ metadata }) => metadata.name));
  const straysOf = (group: string): PrefixRange[] =>
    strays.filter((stray) => stray.group === group).map(({ prefix }) => exactly(prefix));
  const groups = sorted.flatMap((group) => {
    const view = attempt(problems, () => groupView(group, straysOf(group.metadata.name), problems));
    return view === undefined ? [] : [view];
  });
  const homeless = strays.filter(({ group }) => group === undefined || !names.has(group));
  const kept = routesView(
    { name: 'kept' as Printable, symbol: 'kept' as Printable },
    homeless.map(({ prefix }) => exactly(prefix)),
  );
  return [...groups, kept].filter(({ ipv4, ipv6 }) => ipv4.length + ipv6.length > 0);
}

function groupView(group: ServiceGroup, strays: readonly PrefixRange[], problems: RouterViewProblem[]): GroupView {
  const { metadata, spec } = group;
  const place: Place = { object: { kind: 'ServiceGroup', name: metadata.name }, path: 'spec' };
  const name = checkedAt({ ...place, path: 'metadata.name' }, () => objectName(metadata.name));
  const communities = (spec.bgp?.communities ?? []).flatMap((text, index) => {
    const at = within(place, `bgp.communities[${index}]`);
    return attempt(problems, () => checkedAt(at, () => community(text))) ?? [];
  });
  const localPref = spec.bgp?.localPref;
  return {
    ...routesView({ name, symbol: groupSymbol(metadata.name) }, [...prefixesOf(group, place, problems), ...strays]),
    communities: communities.filter(({ kind }) => kind === 'standard').map(({ parts }) => standardCommunity(parts)),
    largeCommunities: communities.filter(({ kind }) => kind === 'large').map(({ parts }) => largeCommunity(parts)),
    localPref:
      localPref === undefined
        ? NOTHING
        : checkedAt(within(place, 'bgp.localPref'), () =>
            wholeNumber(localPref, { minimum: 0, maximum: 4_294_967_295 }),
          ),
  };
}

function routesView(names: Pick<GroupView, 'name' | 'symbol'>, ranges: readonly PrefixRange[]): GroupView {
  const all = distinct(ranges);
  return {
    ...names,
    ipv4: ofFamily(all, 'IPv4').map(rangeView),
    ipv6: ofFamily(all, 'IPv6').map(rangeView),
    communities: [],
    largeCommunities: [],
    localPref: NOTHING,
  };
}

/** A group whose addresses are always local has no routes. */
function prefixesOf({ spec }: ServiceGroup, place: Place, problems: RouterViewProblem[]): PrefixRange[] {
  if (spec.announce?.mode === 'Local') {
    return [];
  }
  const pools = (spec.pools ?? []).flatMap((pool, index) => {
    const at = within(place, `pools[${index}].range`);
    return attempt(problems, () => checkedAt(at, () => announceablePrefixes(pool))) ?? [];
  });
  const { prefix } = spec.netbox?.from ?? {};
  if (prefix === undefined) {
    return pools;
  }
  const at = within(place, 'netbox.from.prefix');
  const aggregation = spec.netbox?.aggregation;
  const fromNetBox = attempt(problems, () =>
    checkedAt(at, () => {
      parsePrefix(prefix);
      return announceablePrefixes(aggregation === undefined ? { range: prefix } : { range: prefix, aggregation });
    }),
  );
  return [...pools, ...(fromNetBox ?? [])];
}

/** Readable where the name allows it, and with a hash behind it where two names could become one. */
function groupSymbol(name: string): Printable {
  const readable = name.replaceAll(/[^a-z0-9]/g, '_').slice(0, 40);
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return birdSymbol(readable === name ? `group_${name}` : `group_${readable}_${hash}`);
}

function rangeView({ prefix, minimum, maximum }: PrefixRange): PrefixRangeView {
  return {
    prefix: formatPrefix(prefix) as Printable,
    length: prefixLength(prefix.length),
    minLength: prefixLength(minimum),
    maxLength: prefixLength(maximum),
  };
}

function prefixLength(value: number): Printable {
  return wholeNumber(value, { minimum: 0, maximum: 128 });
}

function standardCommunity([asn = NOTHING, value = NOTHING]: readonly Printable[]): CommunityView {
  return { asn, value };
}

function largeCommunity([
  global = NOTHING,
  local1 = NOTHING,
  local2 = NOTHING,
]: readonly Printable[]): LargeCommunityView {
  return { global, local1, local2 };
}
