import { initialGate } from '../health/data-path.ts';
import { readiness, waitsFor } from './readiness.ts';
import type { Known, Progress } from './readiness.ts';

const KNOWN: Known = { node: true, clusterPrefixes: true, endpoints: true, peers: true };
const DONE: Progress = {
  node: 'a',
  synced: true,
  missing: [],
  live: true,
  waitsFor: undefined,
  problem: undefined,
  lansComplete: true,
  applied: true,
  leftToWithdraw: undefined,
};

test('nothing is waited for only when all is known and the data path has been good', () => {
  const open = initialGate({ enabled: true, before: 'open' });
  expect(waitsFor({ node: 'a', known: KNOWN, gate: open })).toBeUndefined();
  for (const [missing, words] of [
    ['node', '--node-name'],
    ['clusterPrefixes', 'ranges'],
    ['endpoints', 'EndpointSlices'],
    ['peers', 'LBNodeStatus'],
  ] as const) {
    expect(waitsFor({ node: 'a', known: { ...KNOWN, [missing]: false }, gate: open })).toContain(words);
  }
  expect(waitsFor({ node: 'a', known: KNOWN, gate: { ...open, state: 'waiting', detail: '503' } })).toContain('503');
});

test('the agent is ready when the kernel has what the API server wants, and else says the first thing that is missing', () => {
  expect(readiness(DONE)).toEqual({ ok: true });
  const first = { ...DONE, synced: false, missing: ['Services', 'Node'], live: false, applied: false };
  expect(readiness(first)).toEqual({ ok: false, reason: expect.stringContaining('Services, Node') as string });
  expect(readiness({ ...DONE, live: false, waitsFor: 'w' })).toEqual({ ok: false, reason: 'w' });
  expect(readiness({ ...DONE, problem: new Error('EPERM') })).toEqual({ ok: false, reason: 'EPERM' });
  expect(readiness({ ...DONE, lansComplete: false }).ok).toBe(false);
  expect(readiness({ ...DONE, applied: false }).ok).toBe(false);
  expect(readiness({ ...DONE, leftToWithdraw: 2 })).toEqual({
    ok: false,
    reason: expect.stringContaining('2') as string,
  });
  expect(readiness({ ...DONE, leftToWithdraw: 0 })).toEqual({ ok: true });
});
