import { parsePrefix } from '@fairlead/api';
import type { ServiceView } from '@fairlead/ipam';
import type { ClaimFacts } from '../objects/claim.ts';
import type { AnnounceMode } from './whereabouts.ts';
import { announcedBy, missingHolders } from './whereabouts.ts';

function service(...addresses: readonly string[]): ServiceView {
  return {
    key: 'shop/web',
    namespace: 'shop',
    name: 'web',
    uid: 'u',
    resourceVersion: '1',
    createdAt: 0,
    role: 'ours',
    families: ['IPv4', 'IPv6'],
    policy: 'PreferDualStack',
    ports: [],
    externalTrafficPolicy: 'Cluster',
    selector: '',
    labels: {},
    reallocate: false,
    observed: { addresses, wellFormed: true, condition: { status: 'True', reason: 'Allocated', message: '' } },
  };
}

function claims(...given: readonly (readonly [string, string])[]) {
  const byAddress = new Map(
    given.map(([address, holder]): [string, ClaimFacts] => [
      address,
      { key: address, uid: '', resourceVersion: '', name: address, address, holder, interface: 'eth0' },
    ]),
  );
  return (address: string) => byAddress.get(address);
}

const lans = [parsePrefix('192.0.2.0/24'), parsePrefix('2001:db8::/64')];

function missing(mode: AnnounceMode, ...addresses: readonly string[]): string[] {
  const claimOf = claims(['192.0.2.1', 'n1']);
  return missingHolders(service(...addresses), { mode, lans, claimOf }).map(({ address }) => address);
}

describe('who announces', () => {
  it('is named for each held address, in the order of the status', () => {
    const claimOf = claims(['2001:db8::1', 'n2'], ['192.0.2.1', 'n1']);
    expect(announcedBy(service('192.0.2.1', '2001:db8::1'), claimOf)).toBe('n1/eth0,n2/eth0');
    expect(announcedBy(service('192.0.2.1'), claims(['192.0.2.1', '']))).toBeUndefined();
  });

  it('is missed for an address in a LAN that nobody holds, and for a local one in no LAN', () => {
    expect(missing('Auto', '192.0.2.1', '2001:db8::9')).toEqual(['2001:db8::9']);
    expect(missing('Auto', '203.0.113.1')).toEqual([]);
    expect(missing('Local', '203.0.113.1')).toEqual(['203.0.113.1']);
    expect(missing('Virtual', '192.0.2.9')).toEqual([]);
    expect(missing('Auto', 'what is this')).toEqual([]);
  });
});
