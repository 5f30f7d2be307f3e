import { DEFAULT_NODE_AGENT_SPEC, parseAddress, parsePrefix } from '@fairlead/api';
import { group, pool, service } from '../plan/testing.ts';
import { decodeState, encodeState, StateFileError } from './codec.ts';
import type { AgentState } from './codec.ts';

const state: AgentState = {
  dataPath: 'open',
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
    selected: true,
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

test.each(['', '{', '[]', 'null', '{"version":1,"dataPathGood":true,"local":[]}', '{"version":3}'])(
  '%p is no state file',
  (text) => {
    expect(() => decodeState(text)).toThrow(StateFileError);
  },
);

test('a file that is cut off anywhere, or in which anything is changed, is no state file', () => {
  const written = encodeState(state);
  for (let length = 0; length < written.length; length++) {
    expect(() => decodeState(written.slice(0, length))).toThrow(StateFileError);
  }
  for (let position = 0; position < written.length; position++) {
    const other = written[position] === '0' ? '1' : '0';
    expect(() => decodeState(written.slice(0, position) + other + written.slice(position + 1))).toThrow(StateFileError);
  }
});

test('a file of another version says so', () => {
  const other = encodeState(state).replace('"version":3', '"version":4');
  expect(() => decodeState(other)).toThrow(/another version: 4 in place of 3/);
});
