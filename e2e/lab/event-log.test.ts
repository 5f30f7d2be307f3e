import { describe, expect, test } from '@jest/globals';
import { EventLog } from './event-log.ts';

describe('an event log', () => {
  test('finds an event that came before anybody waited', async () => {
    const log = new EventLog<number>();
    log.push(1);
    await expect(log.waitFor((event) => event === 1)).resolves.toBe(1);
  });

  test('finds an event that comes later, and not one before `from`', async () => {
    const log = new EventLog<number>();
    log.push(1);
    const found = log.waitFor((event) => event > 0, { from: log.length });
    log.push(2);
    await expect(found).resolves.toBe(2);
  });

  test('says what it saw instead when the time is over', async () => {
    const log = new EventLog<{ seen: string }>();
    log.push({ seen: 'this' });
    await expect(log.waitFor(() => false, { timeoutMs: 5 })).rejects.toThrow(/within 5 ms.*\n.*this/);
  });

  test('iterates over all events until the end', async () => {
    const log = new EventLog<number>();
    log.push(1);
    const all = Array.fromAsync(log);
    log.push(2);
    log.end();
    await expect(all).resolves.toEqual([1, 2]);
    await expect(log.waitFor((event) => event === 3)).rejects.toThrow(/before the end/);
  });
});
