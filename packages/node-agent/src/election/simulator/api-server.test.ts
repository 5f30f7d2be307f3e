import { parseAddress } from '@fairlead/api';
import { DEFAULT_HOLDER_POLICY } from '../types.ts';
import { SimulatedAPIServer } from './api-server.ts';
import { Timeline, seededRandom } from './timeline.ts';

const SERVICE = {
  address: parseAddress('10.0.0.50'),
  weights: new Map(),
  ineligible: new Set<string>(),
  policy: DEFAULT_HOLDER_POLICY,
};

describe('a watch that begins while what is read is stale', () => {
  test('tells of what had changed before it began, once that is over', () => {
    const timeline = new Timeline();
    const api = new SimulatedAPIServer({ timeline, random: seededRandom(1) });
    api.setStale(new Set(['node-1']));
    api.setService(SERVICE);
    expect(api.read('node-1')?.services.size).toBe(0);
    const heard: string[] = [];
    api.watch('node-1', ({ type }) => heard.push(type));
    timeline.run(100);
    expect(heard).toEqual([]);
    api.setStale(new Set());
    timeline.run(100);
    expect(heard).toEqual(['back']);
    expect(api.read('node-1')?.services.size).toBe(1);
  });
});
