import type { NetlinkRequest } from '../request.ts';
import {
  addAddress,
  addLink,
  addRoute,
  deleteAddress,
  deleteLink,
  deleteRoute,
  setLinkDown,
  setLinkMTU,
  setLinkUp,
} from '../request.ts';
import { address, prefix } from '../testing/address.ts';
import { capturedStep } from '../testing/capture.ts';
import { ROUTE_PROTOCOL, ROUTE_TYPE } from './constants.ts';
import { describeRequest, encodeRequest } from './request.ts';

/** kube-lb0 in the recording. */
const index = 2;
const gateway = address('10.1.2.2');
const flags = { noprefixroute: true };
const silent = { noprefixroute: true, nodad: true };
const boot = { index, protocol: ROUTE_PROTOCOL.boot };
const ours = { index, protocol: 201, metric: 4_000_000_000 };

const CASES: readonly (readonly [command: string, request: NetlinkRequest])[] = [
  ['link add kube-lb0 type ifb', addLink({ name: 'kube-lb0', kind: 'ifb' })],
  ['link set dev kube-lb0 up', setLinkUp(index)],
  ['link set dev kube-lb0 down', setLinkDown(index)],
  ['link del dev kube-lb0', deleteLink(index)],
  ['addr add 192.0.2.1/32 dev kube-lb0', addAddress({ index, address: address('192.0.2.1'), length: 32 })],
  [
    'addr add 192.0.2.2/32 dev kube-lb0 noprefixroute valid_lft 3600 preferred_lft 1800',
    addAddress({
      index,
      address: address('192.0.2.2'),
      length: 32,
      flags,
      validLifetime: 3600,
      preferredLifetime: 1800,
    }),
  ],
  [
    'addr add 2001:db8::1/128 dev kube-lb0 nodad noprefixroute',
    addAddress({ index, address: address('2001:db8::1'), length: 128, flags: silent }),
  ],
  [
    'addr add 2001:db8::2/128 dev kube-lb0 nodad noprefixroute valid_lft 3600 preferred_lft 0',
    addAddress({
      index,
      address: address('2001:db8::2'),
      length: 128,
      flags: silent,
      validLifetime: 3600,
      preferredLifetime: 0,
    }),
  ],
  [
    'addr replace 192.0.2.2/32 dev kube-lb0 noprefixroute valid_lft 7200 preferred_lft 7200',
    addAddress({ index, address: address('192.0.2.2'), length: 32, flags, validLifetime: 7200, replace: true }),
  ],
  [
    'addr add 192.0.2.3/32 dev kube-lb0 scope link',
    addAddress({ index, address: address('192.0.2.3'), length: 32, scope: 253 }),
  ],
  ['addr del 192.0.2.1/32 dev kube-lb0', deleteAddress({ index, address: address('192.0.2.1'), length: 32 })],
  ['addr del 2001:db8::1/128 dev kube-lb0', deleteAddress({ index, address: address('2001:db8::1'), length: 128 })],
  [
    'route add 198.51.100.0/24 dev kube-lb0 proto 201 metric 4000000000',
    addRoute({ dst: prefix('198.51.100.0/24'), ...ours }),
  ],
  [
    'route replace 198.51.100.0/24 dev kube-lb0 proto 201 metric 4000000000',
    addRoute({ dst: prefix('198.51.100.0/24'), ...ours, replace: true }),
  ],
  [
    'route add 2001:db8:1::/64 dev kube-lb0 proto 201 metric 4000000000',
    addRoute({ dst: prefix('2001:db8:1::/64'), ...ours }),
  ],
  ['route add default via 10.1.2.2 dev kube-lb0', addRoute({ dst: prefix('0.0.0.0/0'), gateway, ...boot })],
  [
    'route add 203.0.112.0/24 via 10.1.2.2 dev kube-lb0 src 192.0.2.1 table 1000',
    addRoute({ dst: prefix('203.0.112.0/24'), gateway, ...boot, table: 1000, preferredSource: address('192.0.2.1') }),
  ],
  [
    'route add 203.0.115.0/24 via inet6 2001:db8::2 dev kube-lb0',
    addRoute({ dst: prefix('203.0.115.0/24'), gateway: address('2001:db8::2'), ...boot }),
  ],
  [
    'route add blackhole 198.18.0.0/15 table 1000',
    addRoute({ dst: prefix('198.18.0.0/15'), protocol: ROUTE_PROTOCOL.boot, type: ROUTE_TYPE.blackhole, table: 1000 }),
  ],
  [
    'route del 198.51.100.0/24 dev kube-lb0 proto 201 metric 4000000000',
    deleteRoute({ dst: prefix('198.51.100.0/24'), ...ours }),
  ],
  [
    'route del 2001:db8:1::/64 dev kube-lb0 proto 201 metric 4000000000',
    deleteRoute({ dst: prefix('2001:db8:1::/64'), ...ours }),
  ],
];

describe('encodeRequest', () => {
  it.each(CASES)('makes the bytes that ip sends: %s', (command, request) => {
    const sent = Buffer.from(capturedStep(command).sent.at(-1) ?? '', 'hex');
    const sequence = sent.readUInt32LE(8);
    expect(encodeRequest(request, sequence).toString('hex')).toBe(sent.toString('hex'));
  });

  it('marks an address with its protocol, in the attribute behind all that ip 6.1 knows', () => {
    const options = { index, address: address('192.0.2.1'), length: 32 };
    const plain = encodeRequest(addAddress(options), 7);
    const marked = encodeRequest(addAddress({ ...options, protocol: 201 }), 7);
    expect(marked.length - plain.length).toBe(8);
    // u16 length 5, u16 type IFA_PROTO (11), u8 201, padding.
    expect(marked.subarray(-8).toString('hex')).toBe('05000b00c9000000');
  });

  it('gives an interface an MTU and leaves it as far on or off as it is', () => {
    const bytes = encodeRequest(setLinkMTU(index, 1500), 7);
    // struct ifinfomsg: index, flags, change; then u16 length 8, u16 type IFLA_MTU (4), u32 1500.
    expect(bytes.subarray(20).toString('hex')).toBe('02000000000000000000000008000400dc050000');
  });

  it('never lets the preferred lifetime outlast the valid one, which the kernel refuses', () => {
    const options = { index, address: address('192.0.2.1'), length: 32, validLifetime: 60 };
    expect(encodeRequest(addAddress({ ...options, preferredLifetime: 61 }), 1)).toEqual(
      encodeRequest(addAddress({ ...options, preferredLifetime: 60 }), 1),
    );
  });
});

describe('describeRequest', () => {
  it('names the object and the interface', () => {
    expect(CASES.map(([, request]) => describeRequest(request))).toEqual(
      expect.arrayContaining([
        'make interface kube-lb0 of kind ifb',
        'switch interface 2 on',
        'delete interface 2',
        'add address 2001:db8::1/128 to interface 2',
        'delete address 192.0.2.1/32 from interface 2',
        'add route 2001:db8:1::/64 on interface 2',
        'add route 198.18.0.0/15',
        'delete route 198.51.100.0/24 on interface 2',
      ]),
    );
  });
});
