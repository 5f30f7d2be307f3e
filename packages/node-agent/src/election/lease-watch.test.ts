import { AGENT_TRUST_MS, LEASE_RETRY_MS, LEASE_STALE_MS, LEASE_WAIT_MS } from './constants.ts';
import { LeaseWatch } from './lease-watch.ts';

/** A watch that has read the Lease of the suspected node once. */
function suspecting(renewed = 'first'): LeaseWatch {
  const watch = new LeaseWatch();
  watch.suspect('a', 0);
  expect(watch.due(LEASE_WAIT_MS)).toEqual(['a']);
  expect(watch.read('a', { renewed, silent: true, now: LEASE_WAIT_MS })).toBe('wait');
  return watch;
}

describe('the Leases of suspected agents', () => {
  test('are read after a moment, and once more when they would be stale: nothing in between', () => {
    const watch = suspecting();
    expect(watch.next()).toBe(LEASE_WAIT_MS + LEASE_STALE_MS);
    expect(watch.due(LEASE_STALE_MS)).toEqual([]);
  });

  test('that do not change for 40 s as observed here say once that the agent is gone', () => {
    const watch = suspecting();
    const now = LEASE_WAIT_MS + LEASE_STALE_MS;
    expect(watch.read('a', { renewed: 'first', silent: true, now: now })).toBe('gone');
    expect(watch.gone).toBe(1);
    expect(watch.read('a', { renewed: 'first', silent: true, now: now + LEASE_RETRY_MS })).toBe('wait');
    expect(watch.read('a', { renewed: 'second', silent: true, now: now + 2 * LEASE_RETRY_MS })).toBe('lives');
    expect(watch.gone).toBe(0);
  });

  test('that change say that it lives, and it is trusted for a while', () => {
    const watch = suspecting();
    expect(watch.read('a', { renewed: 'second', silent: true, now: 30_000 })).toBe('lives');
    expect(watch.suspect('a', 30_000 + AGENT_TRUST_MS - 1)).toBe(false);
    expect(watch.suspect('a', 30_000 + AGENT_TRUST_MS)).toBe(true);
  });

  test('that are not there at all do not change either', () => {
    expect(suspecting('').read('a', { renewed: '', silent: true, now: LEASE_WAIT_MS + LEASE_STALE_MS })).toBe('gone');
  });

  test('that do not change say nothing of an agent that was heard a moment ago: it may have no API server', () => {
    const watch = suspecting();
    const now = LEASE_WAIT_MS + LEASE_STALE_MS;
    expect(watch.read('a', { renewed: 'first', silent: false, now })).toBe('wait');
    expect(watch.gone).toBe(0);
    expect(watch.next()).toBe(now + LEASE_RETRY_MS);
    expect(watch.read('a', { renewed: 'first', silent: true, now: now + LEASE_RETRY_MS })).toBe('gone');
  });

  test('that cannot be read say nothing, however long, and are read again', () => {
    const watch = suspecting();
    expect(watch.due(LEASE_WAIT_MS + LEASE_STALE_MS)).toEqual(['a']);
    expect(watch.read('a', { renewed: undefined, silent: true, now: 100_000 })).toBe('wait');
    expect(watch.next()).toBe(LEASE_WAIT_MS + LEASE_STALE_MS + LEASE_RETRY_MS);
    expect(watch.gone).toBe(0);
  });
});
