import { addressBits, AddressError, parseAddressRange, parseDuration, parsePrefix } from '@fairlead/api';
import type { Pool, ServiceGroup } from '@fairlead/api';
import type { GroupFacts, PoolFacts } from '../../plan/types.ts';

/** What the agent keeps of a ServiceGroup: where its addresses are announced, and the length of their routes. */
export function projectServiceGroup(group: ServiceGroup): GroupFacts {
  const { metadata, spec } = group;
  const { announce } = spec;
  return {
    name: metadata.name,
    pools: (spec.pools ?? []).flatMap(poolFacts),
    routeLength: netboxRouteLength(spec.netbox?.aggregation),
    mode: announce.mode,
    nodeSelector: announce.nodeSelector,
    preferredNodes: announce.preferredNodes ?? [],
    interfaces: announce.interfaces,
    policy: {
      onConflict: announce.onConflict,
      takeOver: announce.takeOver,
      ...(announce.takeBack === 'Never' ? {} : { takeBackMs: parseDuration(announce.takeBack) }),
    },
  };
}

function poolFacts(pool: Pool): PoolFacts[] {
  try {
    const { first, last } = parseAddressRange(pool.range);
    return [{ first, last, routeLength: routeLength(pool, addressBits(first.family)) }];
  } catch (error) {
    if (error instanceof AddressError) {
      // The allocator says so on the group; an address that is in use nevertheless gets a host route.
      return [];
    }
    throw error;
  }
}

function routeLength({ aggregation, subnet }: Pool, bits: 32 | 128): number {
  if (aggregation === undefined) {
    return bits;
  }
  if (aggregation === 'default') {
    return subnet === undefined ? bits : parsePrefix(subnet).length;
  }
  return Math.min(Number(aggregation.slice(1)), bits);
}

/** `/N` for both families, as far as it is a length of IPv4. */
function netboxRouteLength(aggregation: string | undefined): GroupFacts['routeLength'] {
  if (aggregation === undefined) {
    return {};
  }
  const length = Number(aggregation.slice(1));
  return { IPv6: length, ...(length <= 32 ? { IPv4: length } : {}) };
}
