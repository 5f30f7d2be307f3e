import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findSilence } from './silence.ts';

const TESTDATA = join(import.meta.dirname, '..', '..', 'testdata');

describe('silence in a configuration', () => {
  it.each(readdirSync(TESTDATA).filter((name) => name.endsWith('.conf')))('is not in %s', (name) => {
    const text = readFileSync(join(TESTDATA, name), 'utf8');
    expect(findSilence(text, text.includes('protocol bgp'))).toBeUndefined();
  });

  it('is a session without a family, whose line is named', () => {
    const text = '# one\nprotocol bgp a { ipv4; }\nprotocol bgp b\n{ local as 1; }\n';
    expect(findSilence(text, true)).toMatchObject({ line: 3, message: expect.stringContaining('protocol b ') });
  });

  it('is none where the family is in the template of BIRD', () => {
    expect(findSilence('template bgp t { ipv4; }\nprotocol bgp b from t { local as 1; }', true)).toBeUndefined();
  });

  it.each(['', '# all of it taken out', 'protocol device { }'])('is where nobody speaks who should: %j', (text) => {
    expect(findSilence(text, true)).toMatchObject({ message: expect.stringContaining('no protocol') });
    expect(findSilence(text, false)).toBeUndefined();
  });
});
