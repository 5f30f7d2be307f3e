import { DEFAULT_NODE_AGENT_SPEC } from '../defaults.ts';
import { interfaceMatches } from './interfaces.ts';
import { validateLBNodeAgent } from './lb-node-agent.ts';

describe('an entry of interfaces', () => {
  it.each([
    ['eth0', 'eth0', true],
    ['eth0', 'eth01', false],
    ['/eth[0-9]/', 'eth1', true],
    ['/eth[0-9]/', 'xeth1', false],
    ['/eth|bond/', 'eth', true],
    ['/eth|bond/', 'bonding', false],
    ['/eth[/', 'eth[', false],
    ['default', 'eth0', false],
  ])('%s means %s: %s', (entry, name, meant) => {
    expect(interfaceMatches(entry, name)).toBe(meant);
  });

  it('that is no regular expression is reported on the LBNodeAgent', () => {
    const spec = { ...DEFAULT_NODE_AGENT_SPEC, local: { interfaces: ['default', '/eth(/'] } };
    expect(validateLBNodeAgent(spec)).toMatchObject([{ reason: 'InvalidInterface', path: 'spec.local.interfaces[1]' }]);
    expect(validateLBNodeAgent(DEFAULT_NODE_AGENT_SPEC)).toEqual([]);
  });
});
