import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { farewell } from './farewell.ts';
import { IDLE_CONFIGURATION } from './idle.ts';

const golden = (name: string): string =>
  readFileSync(join(import.meta.dirname, '..', '..', 'testdata', `${name}.conf`), 'utf8');

/** Lines of one text that the other does not have. */
const changed = (one: string, other: string): string[] => {
  const lines = new Set(other.split('\n'));
  return one
    .split('\n')
    .filter((line) => !lines.has(line))
    .map((line) => line.trim());
};

describe('before a protocol ends that takes no leave', () => {
  it.each([
    [
      'RIP of both families, which announces changes within 6 s',
      'rip',
      6_000,
      ['filter announce_rip_ipv4', 'filter announce_rip_ipv6'],
    ],
    ['RIPng with updates every 5 s', 'ripng', 6_000, ['filter announce_rip_ipv6']],
    ['OSPF of both versions', 'ospf-password', 1_500, ['filter announce_ospf_ipv4', 'filter announce_ospf_ipv6']],
  ])('%s: it announces nothing for a while', (_, name, waitMs, exports) => {
    const running = golden(name);
    const result = farewell(running, IDLE_CONFIGURATION);
    expect(result?.waitMs).toBe(waitMs);
    expect(changed(running, result?.text ?? '')).toEqual(exports.map((filter) => `export ${filter};`));
    expect(changed(result?.text ?? '', running)).toEqual([]);
    expect(result?.text.match(/export none;/g)).toHaveLength(2 + exports.length);
  });

  it('leaves the others as they are', () => {
    const running = golden('bgp-ospf-and-rip');
    const withoutRIP = running.slice(0, running.indexOf('protocol rip rip_ipv4'));
    const result = farewell(running, withoutRIP);
    expect(changed(running, result?.text ?? '')).toEqual([
      'export filter announce_rip_ipv4;',
      'export filter announce_rip_ipv6;',
    ]);
  });

  it('does so by its shortest way where updates are frequent', () => {
    const text = golden('rip').replaceAll('update time 30', 'update time 1');
    expect(farewell(text, IDLE_CONFIGURATION)?.waitMs).toBe(2_000);
  });

  it('finds an export that is a filter of its own, and none in comments, strings and limits', () => {
    const running = `protocol rip mine { # export all;
  description "export all;";
  ipv4 { export limit 5; export filter { if net ~ 10.0.0.0/8 then { accept; } reject; }; import none; };
  interface "eth0";
}
`;
    expect(farewell(running, '')?.text).toBe(
      running.replace('export filter { if net ~ 10.0.0.0/8 then { accept; } reject; };', 'export none;'),
    );
  });

  it.each([
    ['nothing changes', 'rip', golden('rip')],
    ['BGP ends, which says so itself', 'one-neighbor', IDLE_CONFIGURATION],
    ['it goes on with other times', 'rip', golden('rip').replaceAll('update time 30', 'update time 5')],
    ['it is only renamed', 'rip-v2', golden('rip-v2').replaceAll('protocol rip rip_ipv4', 'protocol rip another')],
    ['BIRD ran nothing', 'no-bgp', golden('rip')],
  ])('is not there when %s', (_, name, wanted) => {
    expect(farewell(golden(name), wanted)).toBeUndefined();
  });
});
