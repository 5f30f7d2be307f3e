import { DEFAULT_NODE_AGENT_SPEC, parseAddress, parsePrefix } from '@fairlead/api';
import { group, pool, service } from '../plan/testing.ts';
import { decodeState, encodeState, StateFileError } from './codec.ts';
import type { AgentState } from './codec.ts';

const state: AgentState = {
  dataPathGood: true,
  local: [{ address: parseAddress('2001:db8::9'), interfaceIndex: 2 }],
  cluster: {
    node: {
      key: 'here',
      uid: 'u',
      resourceVersion: '1',
      labels: { rack: '0x0' },
      excluded: undefined,
      networkUnavailable: false,
      addresses: [parseAddress('192.0.2.1')],
      podRanges: [parsePrefix('10.244.0.0/24')],
    },
    spec: DEFAULT_NODE_AGENT_SPEC,
    services: [service('default/a', ['192.0.2.9', '2001:db8::9'], { group: 'g', endpointsOnly: true })],
    groups: [group('g', { pools: [pool('10.0.0.0', '10.0.0.9', 24)] })],
    lans: [{ key: 'l', uid: 'u', resourceVersion: '1', subnet: parsePrefix('192.0.2.0/24') }],
    peers: [],
    endpoints: { 'default/a': ['here'] },
    clusterPrefixes: [],
  },
};

test('what is written is what is read', () => {
  // JSON has no undefined: absent is the same for every reader.
  expect(decodeState(encodeState(state))).toEqual(state);
});

test.each(['', '{', '[]', 'null', '{"version":0,"dataPathGood":true,"local":[]}', '{"version":1}'])(
  '%p is no state file',
  (text) => {
    expect(() => decodeState(text)).toThrow(StateFileError);
  },
);
