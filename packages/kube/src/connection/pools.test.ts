import { KubeConfigError } from '../errors.ts';
import { openPools } from './pools.ts';

const SERVER = 'https://192.0.2.1:6443';

function openBadPools(): unknown {
  return openPools({ server: SERVER, tls: { ca: 'not PEM', certificate: 'neither' }, headers: {} }, 1000);
}

it('says which settings to look at when a certificate is no certificate', () => {
  expect(openBadPools).toThrow(KubeConfigError);
  expect(openBadPools).toThrow(/client certificate/);
});

it('opens nothing before the first request', async () => {
  const pools = openPools({ server: SERVER, tls: {}, headers: {} }, 1000);
  await expect(pools.destroy()).resolves.toBeUndefined();
});
