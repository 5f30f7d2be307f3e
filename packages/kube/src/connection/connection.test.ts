import { ConnectionManager } from './connection.ts';
import type { ConnectionSettings } from './settings.ts';

const SETTINGS: ConnectionSettings = { server: 'https://192.0.2.1:6443', tls: {}, headers: {} };
const MINUTE_MS = 60_000;

function quiet(): void {}

/** A manager whose settings are read when the test says so, and its clock. */
function managed(): {
  manager: ConnectionManager;
  loads: PromiseWithResolvers<ConnectionSettings>[];
  clock: { now: number };
} {
  const loads: PromiseWithResolvers<ConnectionSettings>[] = [];
  const clock = { now: 0 };
  const load = (): Promise<ConnectionSettings> => {
    const next = Promise.withResolvers<ConnectionSettings>();
    loads.push(next);
    return next.promise;
  };
  const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const source = { description: 'a test', load };
  return { manager: new ConnectionManager({ source, logger, watchSilenceMs: 1, now: () => clock.now }), loads, clock };
}

describe('connections', () => {
  it('are kept while their settings stay', async () => {
    const { manager, loads, clock } = managed();
    const first = manager.get();
    loads[0]?.resolve(SETTINGS);
    const { pools } = await first;
    clock.now = MINUTE_MS;
    const again = manager.get();
    loads[1]?.resolve({ ...SETTINGS, headers: { authorization: 'Bearer new' } });
    expect((await again).pools).toBe(pools);
    expect((await again).settings.headers).toEqual({ authorization: 'Bearer new' });
    await manager.close();
  });

  it('that are distrusted are left alone, once for all requests that were begun on them', async () => {
    const { manager, loads, clock } = managed();
    const first = manager.get();
    loads[0]?.resolve(SETTINGS);
    const { pools } = await first;
    clock.now = 100;
    manager.distrust(50);
    const second = await manager.get();
    expect(second.pools).not.toBe(pools);
    expect(second.settings).toEqual(SETTINGS);
    manager.distrust(50); // a second request of that time fails later
    expect((await manager.get()).pools).toBe(second.pools);
    await manager.close();
  });

  it.each([
    ['succeeds', (load: PromiseWithResolvers<ConnectionSettings>) => load.resolve(SETTINGS)],
    ['fails', (load: PromiseWithResolvers<ConnectionSettings>) => load.reject(new Error('no file'))],
  ])('that were distrusted while the settings were read do not come back when that %s', async (_name, settle) => {
    const { manager, loads, clock } = managed();
    const first = manager.get();
    loads[0]?.resolve(SETTINGS);
    const { pools } = await first;
    clock.now = MINUTE_MS;
    const again = manager.get();
    manager.distrust(clock.now);
    const load = loads[1];
    expect(load).toBeDefined();
    if (load !== undefined) {
      settle(load);
    }
    expect((await again).pools).not.toBe(pools);
    expect((await manager.get()).pools).not.toBe(pools);
    await manager.close();
  });
});
