import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeResets } from './describe.ts';
import { resetsOf } from './resets.ts';
import type { Reset } from './resets.ts';

const TESTDATA = join(import.meta.dirname, '..', '..', 'testdata');
const golden = (name: string): string => readFileSync(join(TESTDATA, `${name}.conf`), 'utf8');
const BASE = golden('password');

/** The shipped configuration with a text of it replaced. */
function edited(from: string | RegExp, to: string): string {
  const text = BASE.replace(from, to);
  if (text === BASE) {
    throw new Error(`the configuration has no ${String(from)}`);
  }
  return text;
}

const named = (resets: readonly Reset[]): string[] =>
  resets.map(({ protocol, effect, causes }) => `${protocol} ${effect}: ${causes.join(', ')}`);

const withBFD = (bfd: string): string => edited('hold time 9;', `hold time 9; ${bfd}`);

const withTemplates = (as: number, hold: number): string =>
  `define OURS = ${as};\ndefine ALSO = OURS;\ntemplate bgp t { hold time ${hold}; ipv4 { import none; }; }\n` +
  'protocol bgp a from t { local as ALSO; }\nprotocol bgp b from t { local as 7; hold time 9; }';

const withSettings = (rest: string): string => `protocol bgp a { local as 1; neighbor 192.0.2.1 as 2; ${rest} }`;

const withOspf = (rest: string, router = ''): string =>
  `${router}protocol ospf v3 inner { ipv6 { export all; }; area 0.0.0.51 { interface "eth0" { ${rest} }; }; }`;

const withSecret = (secret: string): string =>
  BASE.replace(/password "[^"]*"/, `password "${secret}"`).replace(
    'hold time 9;',
    `hold time 9; mystery "${secret}" ${secret};`,
  ) + `protocol ospf o { area 0 { interface "eth0" { password "${secret}" { id 1; }; }; }; }`;

const nameOf = (protocol: string): string => (protocol === 'bgp_tor_1' ? 'tor-1' : protocol);

describe('a change of BIRD’s configuration', () => {
  it.each(readdirSync(TESTDATA).filter((name) => name.endsWith('.conf')))(
    'that is none resets nothing (%s)',
    (name) => {
      const text = readFileSync(join(TESTDATA, name), 'utf8');
      expect(resetsOf(text, text)).toEqual([]);
      expect(resetsOf(text, `# another comment\n${text.replaceAll('\t', '  ')}`)).toEqual([]);
    },
  );

  it.each<[string, string | RegExp, string, string]>([
    ['hold time', 'hold time 9', 'hold time 12', 'hold time'],
    [
      'hold and keepalive time',
      /hold time 9;\s+keepalive time 3/,
      'hold time 12;keepalive time 4',
      'hold time, keepalive time',
    ],
    ['password', 'secret;}', 'geheim;}', 'password'],
    ['password that goes', /password "[^"]*";/, '', 'password'],
    ['our AS', 'port 179 as 64512', 'port 179 as 64599', 'local AS'],
    ["the neighbor's AS", 'as 64513', 'as 64512', 'neighbor AS'],
    ["the neighbor's address", '192.0.2.254', '192.0.2.253', 'neighbor address'],
    ['our address', 'local port', 'local 192.0.2.1 port', 'local address'],
    ['our port', 'local port 179', 'local port 1790', 'local port'],
    ["the neighbor's port", '192.0.2.254 port 179', '192.0.2.254 port 1790', 'neighbor port'],
    ['passive mode', 'hold time 9;', 'hold time 9; passive on;', 'passive'],
    ['graceful restart', 'hold time 9;', 'hold time 9; graceful restart on;', 'graceful restart'],
    [
      'a channel less',
      /ipv6 \{\s+import none;\s+export filter announce_ipv6;\s+next hop self;\s+\};/,
      '',
      'channel ipv6',
    ],
    ['multihop', 'direct;', 'multihop 2;', 'multihop'],
    ['the interface', 'hold time 9;', 'hold time 9; interface "eth0";', 'interface'],
    ['the router ID', 'router id 192.0.2.1', 'router id 192.0.2.9', 'router id'],
    ['a setting of a channel', 'next hop self;', 'next hop self; add paths on;', 'ipv4: add paths'],
    ['switching it off', 'hold time 9;', 'hold time 9; disabled;', 'disabled'],
  ])('in %s restarts the session, and names what it is', (_, from, to, cause) => {
    expect(named(resetsOf(BASE, edited(from, to)))).toEqual([`bgp_tor_1 restarts: ${cause}`]);
  });

  it.each<[string, string | RegExp, string]>([
    ['a filter', 'filter announce_ipv4\n{', 'filter announce_ipv4\n{\n\tif net.len < 8 then reject;'],
    [
      'a community',
      'function group_web_attributes()\n{',
      'function group_web_attributes()\n{ bgp_community.add((64512,1));',
    ],
    ['a set of prefixes', '10.1.0.0/24{32,32}', '10.1.0.0/24{32,32}, 10.2.0.0/24{24,32}'],
    ['the filter of a channel', 'export filter announce_ipv4', 'export where is_ours()'],
    [
      'a filter in its place, with blocks',
      'export filter announce_ipv4;',
      'export filter { if is_ours() then { accept; } reject; };',
    ],
    ['the next hop', 'next hop self', 'next hop address 192.0.2.7'],
    ['BFD that comes', 'hold time 9;', 'hold time 9; bfd { interval 100 ms; };'],
    ['the description', '"tor-1"', '"the first {one; of # two"'],
    ['the log', 'log stderr { info,', 'log stderr {'],
    ['a default that is written down', 'hold time 9;', 'hold time 9; passive off; strict bind no;'],
    ['another word for yes', 'hold time 9;', 'hold time 9; capabilities yes;'],
    ['the order of statements', 'hold time 9;\n\tkeepalive time 3;', 'keepalive time 3;\n\thold time 9;'],
    ['the order of protocols', /(protocol device\n\{[^}]*\})([\s\S]*)$/, '$2\n$1'],
    ['a constant for a number', /^([\s\S]*)hold time 9/, 'define HOLD = 9;\n$1hold time HOLD'],
    [
      'a template for what it says',
      'protocol bgp bgp_tor_1\n{\n\tdescription "tor-1";',
      'template bgp nodes { description "tor-1"; }\nprotocol bgp bgp_tor_1 from nodes\n{',
    ],
    [
      'a new neighbor',
      'protocol device',
      'protocol bgp other { local as 1; neighbor 192.0.2.7 as 2; ipv4; }\nprotocol device',
    ],
    ['the quotes around a name', 'protocol bgp bgp_tor_1', "protocol bgp 'bgp_tor_1'"],
    ['a limit of a channel', 'next hop self;', 'next hop self; export limit 1000 action block;'],
  ])('in %s resets nothing', (_, from, to) => {
    expect(named(resetsOf(BASE, edited(from, to)))).toEqual([]);
  });

  it('tells a setting that it does not know from one that restarts', () => {
    expect(named(resetsOf(BASE, edited('hold time 9;', 'hold time 9; frobnicate "quickly";')))).toEqual([
      'bgp_tor_1 may restart: frobnicate',
    ]);
  });

  it('knows that a neighbor ends a session whose BFD is taken away', () => {
    expect(named(resetsOf(withBFD('bfd on;'), BASE))).toEqual(['bgp_tor_1 may restart: bfd']);
    expect(named(resetsOf(withBFD('bfd { interval 100 ms; };'), withBFD('bfd off;')))).toEqual([
      'bgp_tor_1 may restart: bfd',
    ]);
    expect(named(resetsOf(withBFD('bfd { interval 100 ms; };'), withBFD('bfd { interval 200 ms; };')))).toEqual([]);
  });

  it('tells a session that goes from one that has another name', () => {
    expect(named(resetsOf(golden('two-neighbors'), golden('one-neighbor')))).toEqual(['bgp_tor_2 ends: removed']);
    expect(named(resetsOf(BASE, edited('protocol bgp bgp_tor_1', 'protocol bgp bgp_first')))).toEqual([
      'bgp_tor_1 ends: renamed to bgp_first',
    ]);
  });

  it('numbers protocols without a name as BIRD does', () => {
    const two = 'protocol bgp { hold time 9; }\nprotocol bgp { hold time 10; }\n';
    expect(named(resetsOf(two, two.replace('10', '11')))).toEqual(['bgp2 restarts: hold time']);
  });

  it('follows constants and templates to where they are used', () => {
    expect(named(resetsOf(withTemplates(1, 20), withTemplates(2, 20)))).toEqual(['a restarts: local AS']);
    expect(named(resetsOf(withTemplates(1, 20), withTemplates(1, 30)))).toEqual(['a restarts: hold time']);
  });

  it('counts on the default of a setting that is no longer written', () => {
    expect(resetsOf(withSettings('hold time 240; multihop;'), withSettings('multihop 64;'))).toEqual([]);
    expect(resetsOf(withSettings('direct;'), withSettings(''))).toEqual([]);
    expect(named(resetsOf(withSettings('hold time 9;'), withSettings('')))).toEqual(['a restarts: hold time']);
  });

  it('names where routes come from, as sessions are empty without', () => {
    expect(named(resetsOf(BASE, edited('learn;', '')))).toEqual(['kernel_ipv4 restarts: learn']);
    expect(named(resetsOf(BASE, edited('if is_ours() then accept; reject;', 'accept;')))).toEqual([]);
  });

  it('tells which interface of OSPF is concerned, and who decides', () => {
    expect(named(resetsOf(withOspf('cost 10;'), withOspf('cost 20; hello 10;')))).toEqual([]);
    expect(named(resetsOf(withOspf('hello 10;'), withOspf('hello 2;')))).toEqual([
      'inner may restart: area 51 interface "eth0": hello',
    ]);
    expect(named(resetsOf(withOspf('type broadcast;'), withOspf('type ptp; hello 2;')))).toEqual([
      'inner restarts: area 51 interface "eth0": type',
    ]);
    const second = 'interface "eth1" { stub; hello 3; };';
    expect(
      named(resetsOf(withOspf(''), withOspf('').replace('interface "eth0"', `${second} interface "eth0"`))),
    ).toEqual([]);
    expect(named(resetsOf(withOspf(''), withOspf('', 'router id 192.0.2.9;')))).toEqual(['inner restarts: router id']);
    expect(
      named(resetsOf(withOspf(''), withOspf('').replace('0.0.0.51', '51').replace('"eth0"', '"eth0", "eth1"'))),
    ).toEqual(['inner restarts: area 51 interface "eth0"']);
  });

  it('never shows a value', () => {
    const secrets = ['swordfish', 'correct-horse'];
    const text = JSON.stringify(resetsOf(withSecret('swordfish'), withSecret('correct-horse')));
    expect(text).toContain('password');
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
  });

  it.each([
    '',
    '}}}};;;',
    'protocol bgp {',
    '/* never closed',
    'protocol bgp x { ipv4 { import filter { ',
    '{'.repeat(100_000),
    'define a = a;\ndefine b = a a a;',
    'protocol bgp __proto__ { constructor; }',
  ])('is compared whatever the text is (%#)', (text) => {
    expect(resetsOf(text, BASE).length + resetsOf(BASE, text).length).toBeGreaterThan(0);
  });

  it('does not grow with constants of constants', () => {
    const bomb = Array.from({ length: 60 }, (_, index) => `define x${index + 1} = x${index} x${index};`).join('\n');
    expect(named(resetsOf(BASE, `define x0 = 1;\n${bomb}\n${BASE}`))).toEqual([]);
  });
});

describe('the sentence about resets', () => {
  it('names sessions as users do, the worst first', () => {
    const resets: Reset[] = [
      { protocol: 'bgp_a', kind: 'bgp', effect: 'may restart', causes: ['frobnicate'] },
      { protocol: 'bgp_tor_1', kind: 'bgp', effect: 'restarts', causes: ['hold time', 'password'] },
      { protocol: 'bgp_b', kind: 'bgp', effect: 'ends', causes: ['removed'] },
    ];
    expect(describeResets(resets, nameOf)).toBe(
      'ends bgp_b (removed); restarts tor-1 (hold time, password); may restart bgp_a (frobnicate)',
    );
  });

  it('is none where nothing is reset, and short where much is', () => {
    expect(describeResets([])).toBeUndefined();
    const many = Array.from({ length: 40 }, (_, index): Reset => ({
      protocol: `bgp_${index}`,
      kind: 'bgp',
      effect: 'restarts',
      causes: ['router id'],
    }));
    expect(describeResets(many)).toContain('bgp_4 (router id) and 35 more');
  });
});
