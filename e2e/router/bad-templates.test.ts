import { once, EventEmitter } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAddress } from '@fairlead/api';
import type { ServiceGroup } from '@fairlead/api';
import { buildRouterView, readTemplates, RouterController, routerVerdict } from '@fairlead/router';
import type { Logger, RouterStatus, RouterView, RouterViewInput } from '@fairlead/router';
import type { Run } from '../lab/index.ts';
import { ConfigMapMount } from './config-map-mount.ts';
import { isUnbroken, protocolsOf } from './raw-bird.ts';
import type { ShownProtocol } from './raw-bird.ts';
import { areEstablished, statusOf } from './status.ts';
import {
  ADDRESSES,
  birdFolder,
  group,
  neighbor,
  NODE,
  NODE_FACTS,
  router,
  spawnBird,
  spawnTor,
  startTopology,
} from './topology.ts';

const SHIPPED = join(import.meta.dirname, '..', '..', 'bird-templates');
const PASSWORD = 'swordfish-17';
const NODE_WITH_ADDRESSES = {
  ...NODE_FACTS,
  hostAddresses: Object.values(ADDRESSES.node).map((text) => parseAddress(text)),
};
const GOOD = router([neighbor({ name: 'tor-1', passwordSecret: 'tor' })]);
const GROUPS = [group('virtual', ['10.1.0.0/24', '2001:db8:5::/64'])];

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const secret = (text: string): RouterViewInput['secrets'] => new Map([['tor', { password: base64(text) }]]);

type Change = (text: string) => string;
const swap =
  (from: string, to: string): Change =>
  (text) =>
    text.replace(from, to);
const append =
  (more: string): Change =>
  (text) =>
    `${text}${more}`;

/** A neighbor of the good Router, with fields that a resource should not have. */
function withNeighbor(more: Readonly<Record<string, unknown>>): Partial<RouterViewInput> {
  const bad = { ...neighbor({ name: 'tor-1', passwordSecret: 'tor' }), ...more } as ReturnType<typeof neighbor>;
  return { router: router([bad]) };
}

function withSpec(more: Readonly<Record<string, unknown>>): Partial<RouterViewInput> {
  return { router: router(GOOD.spec.bgp?.neighbors ?? [], more) };
}

function withGroup(name: string, spec: Readonly<Record<string, unknown>>): Partial<RouterViewInput> {
  const bad = { ...group(name, []), spec } as unknown as ServiceGroup;
  return { serviceGroups: [...GROUPS, bad] };
}

const LAST = Symbol('the last line of the file');
const END = Symbol('the line behind that');

/** Where in a file. */
type Place = string | typeof LAST | typeof END;

/** The line on which a text stands. */
function lineOf(text: string, place: Place): number {
  if (typeof place === 'string') {
    return text.slice(0, text.indexOf(place)).split('\n').length + place.split('\n').length - 1;
  }
  return text.split('\n').length - (place === LAST ? 1 : 0);
}

describe('a session with its ToR', () => {
  let run: Run;
  let mount: ConfigMapMount;
  let shipped: ReadonlyMap<string, string>;
  let controller: RouterController;
  let session: ShownProtocol | undefined;
  let previous: RouterView | undefined;
  const happened = new EventEmitter();
  let applied = 0;
  let lastFault = '';
  /** Everything that was said to anybody. */
  const said: string[] = [];
  const say = (...things: readonly unknown[]): void => {
    said.push(JSON.stringify(things));
  };
  const logger: Logger = { debug: say, info: say, warn: say, error: say };

  const want = (more: Partial<RouterViewInput> = {}): void => {
    const known = { router: GOOD, serviceGroups: GROUPS, secrets: secret(PASSWORD), node: NODE_WITH_ADDRESSES };
    const intent = buildRouterView({ ...known, previous, ...more });
    previous ??= intent.type === 'configure' ? intent.view : undefined;
    controller.update(intent);
  };

  /** The shipped templates with one of them changed. */
  const withFile = (name: string, change: Change): Map<string, string> => {
    const text = shipped.get(name) ?? '';
    const changed = change(text);
    expect(changed).not.toBe(text);
    return new Map(shipped).set(name, changed);
  };

  /** Waits until a configuration is refused that was not refused before. */
  async function refusal(message: RegExp): Promise<RouterStatus> {
    const status = await statusOf(
      controller,
      ({ configuration }) =>
        configuration.type === 'refused' &&
        message.test(configuration.fault.message) &&
        configuration.fault.message !== lastFault,
    );
    lastFault = status.configuration.type === 'refused' ? status.configuration.fault.message : '';
    return status;
  }

  /** Does something, and returns when BIRD runs a configuration that it did not run before. */
  async function untilApplied(action: () => Promise<void>): Promise<void> {
    const done = once(happened, 'applied', { signal: AbortSignal.timeout(10_000) });
    await action();
    await done;
  }

  const running = (): Promise<string> => readFile(join(birdFolder(run, NODE), 'bird.conf'), 'utf8');

  beforeAll(async () => {
    run = await startTopology();
    shipped = await readTemplates(SHIPPED);
    mount = new ConfigMapMount(join(run.directory, 'templates'));
    await mount.set(shipped);
    await spawnTor(run, `password "${PASSWORD}";`);
    await mkdir(birdFolder(run, NODE));
    controller = new RouterController({
      directory: birdFolder(run, NODE),
      templateDirectory: mount.directory,
      logger,
      observer: {
        applied: () => {
          applied += 1;
          happened.emit('applied');
        },
      },
    });
    controller.onChange((status) => say(status, routerVerdict(status)));
    want();
    await statusOf(controller, ({ configuration }) => configuration.type === 'waiting');
    spawnBird(run, NODE);
    await statusOf(controller, areEstablished('tor-1'));
    session = (await protocolsOf(run, NODE)).get('bgp_tor_1');
  }, 40_000);

  // The session is the one of the beginning, whatever was done to the templates or the Router.
  afterEach(async () => {
    const shown = (await protocolsOf(run, NODE)).get('bgp_tor_1');
    expect(shown).toMatchObject({ info: 'Established' });
    expect(isUnbroken(session, shown)).toBe(true);
  });

  afterAll(async () => {
    await controller?.close();
    await run?.close();
  }, 20_000);

  describe('stays up, and file and line are named, when a template', () => {
    // Where the fault is: on the line of a text of the shipped file, at its end, or in no line of it.
    it.each<[string, string, Change, Place | undefined, RegExp]>([
      [
        'has a word that BIRD does not know',
        'bgp.hbs',
        swap('hold time', 'hold tight'),
        'hold time',
        /: syntax error.*hold tight/,
      ],
      ['lacks a semicolon', 'filters.hbs', swap('then reject;', 'then reject'), 'if net ~', /: syntax error/],
      [
        'has a brace too many',
        'kernel.hbs',
        swap('protocol device\n{', 'protocol device\n{ {'),
        'protocol device\n{',
        /: syntax error/,
      ],
      ['has a brace too few', 'bird.conf.hbs', append('filter last {\n'), END, /: syntax error/],
      ['cannot be read', 'bgp.hbs', (text) => text.slice(0, text.lastIndexOf('}}')), LAST, /cannot be read/],
      [
        'has a filter that is none',
        'filters.hbs',
        swap('if !is_ours() then reject;', 'if !is_ours() then rejct;'),
        'if !is_ours()',
        /rejct/,
      ],
      [
        'names a filter that there is not',
        'bgp.hbs',
        swap('filter announce_ipv4', 'filter announce_ipv5'),
        'filter announce_ipv4',
        /announce_ipv5/,
      ],
      ['has a protocol that BIRD does not know', 'kernel.hbs', append('protocol bgb x { }\n'), END, /bgb/],
      [
        'has the same protocol twice',
        'kernel.hbs',
        append('protocol static kernel_ipv4 { ipv4; }\n'),
        END,
        /kernel_ipv4.*already defined/,
      ],
      [
        'has a session without a family',
        'kernel.hbs',
        append('protocol bgp mute { local as 1; neighbor 192.0.2.7 as 2; }\n'),
        END,
        /protocol mute has no family/,
      ],
      [
        'prints a name that the view has not',
        'bgp.hbs',
        swap('{{holdTime}}', '{{holdTimer}}'),
        'hold time',
        /holdTimer/,
      ],
      [
        'asks for a name that the view has not',
        'bgp.hbs',
        swap('{{#if passive}}', '{{#if pasive}}'),
        '{{#if passive}}',
        /pasive/,
      ],
      [
        'prints a variable that the Router has not',
        'bird.conf.hbs',
        swap('{{routerID}}', '{{variables.site}}'),
        'router id',
        /site/,
      ],
      [
        'has a block without an end',
        'bfd.hbs',
        (text) => text.slice(0, text.lastIndexOf('{{/if}}')),
        LAST,
        /cannot be read/,
      ],
      [
        'takes in one that is not there',
        'bird.conf.hbs',
        swap('{{> bfd}}', '{{> bdf}}'),
        '{{> bfd}}',
        /no file bdf\.hbs/,
      ],
      ['takes in itself', 'bfd.hbs', append('{{> bfd}}\n'), undefined, /bfd\.hbs takes in itself/],
      [
        'has a helper that there is not',
        'bgp.hbs',
        swap('{{holdTime}}', '{{upper name}}'),
        'hold time',
        /no helper upper/,
      ],
      [
        'includes a file of the node',
        'kernel.hbs',
        append('include "/etc/shadow";\n'),
        END,
        /include "\/etc\/shadow" is outside/,
      ],
      [
        'includes what lies above the folder',
        'kernel.hbs',
        append('include "../../etc/*.conf";\n'),
        END,
        /include "\.\.\/.* is outside/,
      ],
      [
        'logs into a file of the node',
        'bird.conf.hbs',
        swap('log stderr', 'log "/etc/cron.d/x" all;\nlog stderr'),
        'log stderr',
        /log "\/etc\/cron.d\/x" is outside/,
      ],
      ['is empty, the main one', 'bird.conf.hbs', () => '', undefined, /No protocol is specified/],
      [
        'has nobody in it who speaks',
        'bird.conf.hbs',
        () => 'protocol device { }\n',
        undefined,
        /no protocol that speaks/,
      ],
      ['is no text', 'kernel.hbs', append('\0'), undefined, /kernel\.hbs is not a text file/],
      [
        'is larger than any',
        'kernel.hbs',
        append(`# ${'x'.repeat(300_000)}\n`),
        undefined,
        /kernel\.hbs is larger than 256 KiB/,
      ],
    ])('%s', async (_, file, change, place, message) => {
      await mount.set(withFile(file, change));
      const status = await refusal(message);
      const at = status.configuration.type === 'refused' ? status.configuration.fault.template : undefined;
      expect(at).toEqual(place === undefined ? undefined : { file, line: lineOf(shipped.get(file) ?? '', place) });
      expect(routerVerdict(status)).toMatchObject({ ready: false, reason: 'ConfigurationRefused' });
    });

    it('is not UTF-8', async () => {
      const text = shipped.get('bfd.hbs') ?? '';
      await mount.set(
        new Map<string, string | Uint8Array>(shipped).set('bfd.hbs', Buffer.from(`${text}# für\n`, 'latin1')),
      );
      const { configuration } = await refusal(/UTF-8/);
      expect(configuration).toMatchObject({ fault: { template: { file: 'bfd.hbs', line: lineOf(text, END) } } });
    });

    it('takes in others for longer than anybody lives', async () => {
      const files = withFile('bird.conf.hbs', append('{{> p0}}'));
      for (let depth = 0; depth < 60; depth += 1) {
        files.set(`p${depth}.hbs`, `{{> p${depth + 1}}}{{> p${depth + 1}}}`);
      }
      await mount.set(files.set('p60.hbs', ''));
      expect(routerVerdict(await refusal(/print without an end/))).toMatchObject({ ready: false });
    });

    it('prints a variable that leaves its string for a file of the node', async () => {
      want(withSpec({ variables: { site: 'x"; } include "/etc/shadow"; #' } }));
      await mount.set(withFile('bgp.hbs', swap('description "{{name}}"', 'description "{{@root.variables.site}}"')));
      const { configuration } = await refusal(/include "\/etc\/shadow" is outside/);
      const line = lineOf(shipped.get('bgp.hbs') ?? '', 'description');
      expect(configuration).toMatchObject({ fault: { template: { file: 'bgp.hbs', line } } });
      want();
    });

    it('is away, with all the others', async () => {
      await mount.remove();
      const status = await refusal(/they are missing; look at --template-directory/);
      expect(routerVerdict(status)).toMatchObject({ ready: false });
    });
  });

  describe('stays up, and the field is named, when the Router, a group or a Secret has', () => {
    beforeAll(async () => {
      await mount.set(shipped);
      await statusOf(controller, ({ configuration }) => configuration.type === 'current');
    });

    it.each<[string, Partial<RouterViewInput>, string]>([
      ['AS 0 of the neighbor', withNeighbor({ asn: 0 }), 'spec.bgp.neighbors[0].asn'],
      ['the last AS number', withNeighbor({ asn: 4_294_967_295 }), 'spec.bgp.neighbors[0].asn'],
      ['a statement for an AS number', withNeighbor({ asn: '1; }' }), 'spec.bgp.neighbors[0].asn'],
      ['our address for the neighbor', withNeighbor({ address: ADDRESSES.node.IPv4 }), 'spec.bgp.neighbors[0].address'],
      ['no address', withNeighbor({ address: '192.0.2.254; }' }), 'spec.bgp.neighbors[0].address'],
      [
        'an end that the node has not',
        withNeighbor({ localAddress: '203.0.113.9' }),
        'spec.bgp.neighbors[0].localAddress',
      ],
      ['a statement for an interface', withNeighbor({ interface: 'eth0"; } #' }), 'spec.bgp.neighbors[0].interface'],
      ['port 0', withNeighbor({ port: 0 }), 'spec.bgp.neighbors[0].port'],
      ['a hold time that is too short', withNeighbor({ holdTime: '1s' }), 'spec.bgp.neighbors[0].holdTime'],
      ['a statement for a hold time', withNeighbor({ holdTime: '9; }' }), 'spec.bgp.neighbors[0].holdTime'],
      ['300 hops', withNeighbor({ multihop: 300 }), 'spec.bgp.neighbors[0].multihop'],
      [
        'BFD faster than light',
        withNeighbor({ bfd: { interval: '0s', multiplier: 3 } }),
        'spec.bgp.neighbors[0].bfd.interval',
      ],
      ['families that there are not', withNeighbor({ families: ['IPv5'] }), 'spec.bgp.neighbors[0].families'],
      [
        'a Secret elsewhere',
        withNeighbor({ passwordSecret: '../kube-system/x' }),
        'spec.bgp.neighbors[0].passwordSecret',
      ],
      ['a Secret that is not there', { secrets: new Map() }, 'spec.bgp.neighbors[0].passwordSecret'],
      [
        'a Secret without the key',
        { secrets: new Map([['tor', { token: base64('x') }]]) },
        'spec.bgp.neighbors[0].passwordSecret',
      ],
      ['a password with a quote', { secrets: secret(`${PASSWORD}"; }`) }, 'data.password'],
      ['a password of two lines', { secrets: secret(`${PASSWORD}\n${PASSWORD}`) }, 'data.password'],
      ['a password of 81 bytes', { secrets: secret(PASSWORD.repeat(7)) }, 'data.password'],
      ['a password in other letters', { secrets: secret(`${PASSWORD}ü`) }, 'data.password'],
      [
        'one neighbor twice',
        { router: router([...(GOOD.spec.bgp?.neighbors ?? []), neighbor({ name: 'tor-2' })]) },
        'spec.bgp.neighbors[1]',
      ],
      [
        'two neighbors of one name',
        { router: router([...(GOOD.spec.bgp?.neighbors ?? []), neighbor({ name: 'tor_1', address: '192.0.2.99' })]) },
        'spec.bgp.neighbors[1].name',
      ],
      [
        'a statement for a name',
        { router: router([...(GOOD.spec.bgp?.neighbors ?? []), neighbor({ name: 'x"; }' })]) },
        'spec.bgp.neighbors[1].name',
      ],
      ['AS 0 of our own', withSpec({ asn: 0 }), 'spec.asn'],
      ['a statement for a router ID', withSpec({ routerID: '1.1.1.1; }' }), 'spec.routerID'],
      ['port 0 of our own', withSpec({ bgp: { ...GOOD.spec.bgp, listenPort: 0 } }), 'spec.bgp.listenPort'],
      [
        'graceful restart without an end',
        withSpec({ bgp: { ...GOOD.spec.bgp, gracefulRestart: { time: '2h' } } }),
        'spec.bgp.gracefulRestart.time',
      ],
      ['a variable of two lines', withSpec({ variables: { site: 'a\n}' } }), 'spec.variables.site'],
      ['a variable with a strange name', withSpec({ variables: { 'a b': 'x' } }), 'spec.variables.a b'],
      [
        'a statement for a community',
        withGroup('web', { pools: [{ range: '10.5.0.0/24' }], bgp: { communities: ['1:1));accept;#'] } }),
        'spec.bgp.communities[0]',
      ],
      ['a statement for a pool', withGroup('web', { pools: [{ range: '10.5.0.0/24{0,32}' }] }), 'spec.pools[0].range'],
      ['a statement for a group', withGroup('x"; }', { pools: [{ range: '10.5.0.0/24' }] }), 'metadata.name'],
    ])('%s', async (_, more, path) => {
      want(more);
      const status = await statusOf(controller, ({ problems }) => problems.some((problem) => problem.path === path));
      expect(status.problems.map((problem) => problem.path)).toEqual([path]);
      expect(status.problems[0]?.sentence).toContain(`${status.problems[0]?.object.kind} `);
    });
  });

  describe('stays up, and a mounted ConfigMap is followed, when', () => {
    const EXTRA = 'protocol static extra { ipv4; route 198.51.100.0/24 blackhole; }\n';

    beforeAll(async () => {
      want();
      await statusOf(controller, ({ problems }) => problems.length === 0);
    });

    it('several files change at once, which is one change', async () => {
      const before = applied;
      const files = withFile('bgp.hbs', append('# one\n'));
      for (const name of ['kernel.hbs', 'filters.hbs', 'bird.conf.hbs']) {
        files.set(name, `${shipped.get(name)}# one\n`);
      }
      await untilApplied(() => mount.set(files));
      expect((await running()).match(/^# one$/gm)).toHaveLength(4);
      await untilApplied(() => mount.set(withFile('bgp.hbs', append('# two\n'))));
      expect((await running()).match(/^# (one|two)$/gm)).toEqual(['# two']);
      expect(applied).toBe(before + 2);
    });

    it('a file comes, is emptied, and goes', async () => {
      const files = withFile('bird.conf.hbs', append('{{> extra}}'));
      await untilApplied(() => mount.set(new Map(files).set('extra.hbs', EXTRA)));
      expect(await running()).toContain(EXTRA);
      await untilApplied(() => mount.set(new Map(files).set('extra.hbs', '')));
      expect(await running()).not.toContain(EXTRA);
      await untilApplied(() => mount.set(new Map(files).set('extra.hbs', EXTRA)));
      await mount.set(files);
      await refusal(/no file extra\.hbs/);
      expect(await running()).toContain(EXTRA);
      await untilApplied(() => mount.set(shipped));
      expect(await running()).not.toContain(EXTRA);
    });

    it('the volume goes and comes back', async () => {
      await mount.remove();
      await refusal(/they are missing/);
      await untilApplied(() => mount.set(withFile('bgp.hbs', append('# three\n'))));
      expect(await running()).toContain('# three');
    });
  });

  it('has a password that was told to nobody', async () => {
    expect(await running()).toContain(PASSWORD);
    expect(said.length).toBeGreaterThan(50);
    expect(said.filter((line) => line.includes(PASSWORD) || line.includes(base64(PASSWORD)))).toEqual([]);
  });
});
