import { DEFAULT_NODE_AGENT_SPEC } from '../defaults.ts';
import { interfacePatternProblem } from './interfaces.ts';
import { validateLBNodeAgent } from './lb-node-agent.ts';

describe('an entry of interfaces', () => {
  it.each(['eth0', 'default', '/eth[0-9]/', '/^(eth|bond).*$/'])('%s is fine', (entry) => {
    expect(interfacePatternProblem(entry)).toBeUndefined();
  });

  it.each(['/eth[/', '/(/', '/*/'])('%s is no regular expression', (entry) => {
    expect(interfacePatternProblem(entry)).toMatch(/^"\/.*\/" is not a regular expression \(.+\); correct it$/);
  });

  it('is reported on the LBNodeAgent', () => {
    const spec = { ...DEFAULT_NODE_AGENT_SPEC, local: { interfaces: ['default', '/eth(/'] } };
    expect(validateLBNodeAgent(spec)).toMatchObject([{ reason: 'InvalidInterface', path: 'spec.local.interfaces[1]' }]);
    expect(validateLBNodeAgent(DEFAULT_NODE_AGENT_SPEC)).toEqual([]);
  });
});
