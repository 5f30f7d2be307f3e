import type { KubeClient } from '@fairlead/kube';
import { jest } from '@jest/globals';
import type { ClaimFacts } from '../objects/claim.ts';
import { UnneededClaims } from './unneeded.ts';

const MINUTE = 60_000;
const claim: ClaimFacts = {
  key: 'fairlead-system/claim',
  name: 'claim',
  uid: 'u',
  resourceVersion: '7',
  address: '192.0.2.1',
  holder: 'node-1',
  interface: 'eth0',
};

let needed: boolean;
let removed: unknown[];
let claims: Map<string, ClaimFacts>;
let end: AbortController;
let running: Promise<void>;
let unneeded: UnneededClaims;

beforeEach(() => {
  jest.useFakeTimers();
  needed = false;
  removed = [];
  claims = new Map([[claim.key, claim]]);
  end = new AbortController();
  const remove: KubeClient['delete'] = async (_, { name }, options) => {
    removed.push([name, options?.preconditions]);
  };
  unneeded = new UnneededClaims({
    client: { delete: remove },
    logger: { debug: () => {}, info: () => {} },
    claims,
    isNeeded: () => needed,
    namespace: 'fairlead-system',
    deadline: () => Number.POSITIVE_INFINITY,
    now: () => Date.now(),
  });
  running = unneeded.run(end.signal);
});

afterEach(async () => {
  end.abort();
  await running;
  jest.useRealTimers();
});

describe('a claim that no Service needs', () => {
  it('is removed after ten minutes, if it is still the one that was seen', async () => {
    unneeded.consider(claim);
    await jest.advanceTimersByTimeAsync(10 * MINUTE - 1);
    expect(removed).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(removed).toEqual([['claim', { uid: 'u', resourceVersion: '7' }]]);
  });

  it('stays when a Service needs it in between, for ten minutes from when that one is gone', async () => {
    unneeded.consider(claim);
    await jest.advanceTimersByTimeAsync(5 * MINUTE);
    needed = true;
    unneeded.consider(claim);
    await jest.advanceTimersByTimeAsync(4 * MINUTE);
    needed = false;
    unneeded.consider(claim);
    await jest.advanceTimersByTimeAsync(10 * MINUTE - 1);
    expect(removed).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(removed).toHaveLength(1);
  });

  it('is nobody’s business once it is gone', async () => {
    unneeded.consider(claim);
    claims.clear();
    unneeded.forget(claim.key);
    await jest.advanceTimersByTimeAsync(20 * MINUTE);
    expect(removed).toEqual([]);
  });
});
