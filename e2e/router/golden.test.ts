import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { IDLE_CONFIGURATION } from '@fairlead/router';
import { mustAccept, mustAcceptFile } from './accept.ts';

const TESTDATA = join(import.meta.dirname, '..', '..', 'packages', 'router', 'testdata');

describe('BIRD accepts', () => {
  it.each(readdirSync(TESTDATA).filter((name) => name.endsWith('.conf')))('the golden file %s', async (name) => {
    await expect(mustAcceptFile(join(TESTDATA, name))).resolves.toMatchObject({ stderr: '' });
  });

  it('the configuration of a node without a Router', async () => {
    await expect(mustAccept(IDLE_CONFIGURATION)).resolves.toMatchObject({ stderr: '' });
  });

  it('not just anything', async () => {
    await expect(mustAccept('router id 192.0.2.1;\nprotocol bgp { hold tight; }\n')).rejects.toThrow('bird.conf:2:');
  });
});
