import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildRouterView, RouterController } from '@fairlead/router';
import type { Logger, RouterIntent, RouterViewInput } from '@fairlead/router';
import type { LabProcess, Run } from '../lab/index.ts';
import { Fib } from './fib.ts';
import { areEstablished, statusOf } from './status.ts';
import {
  birdFolder,
  group,
  neighbor,
  NODE,
  NODE_FACTS,
  router,
  spawnBird,
  spawnTor,
  startTopology,
  TOR,
} from './topology.ts';

const TEMPLATES = join(import.meta.dirname, '..', '..', 'bird-templates');
const PASSWORD = "it's#a/*secret";
const SECRETS = new Map([['tor', { password: Buffer.from(`${PASSWORD}\n`).toString('base64') }]]);
const GROUPS = [
  group('virtual', ['10.1.0.0/24', '2001:db8:5::/64'], { communities: ['64512:100', '64512:1:2'], localPref: 200 }),
];
const FIRST = router([neighbor({ name: 'tor-1', passwordSecret: 'tor' })]);

const lines: string[] = [];
const logger: Logger = {
  debug: () => undefined,
  info: (message) => lines.push(`info ${message}`),
  warn: (message) => lines.push(`warn ${message}`),
  error: (message, fields) => lines.push(`error ${message} ${JSON.stringify(fields)}`),
};

function intent(more: Partial<RouterViewInput> = {}): RouterIntent {
  return buildRouterView({ router: FIRST, serviceGroups: GROUPS, secrets: SECRETS, node: NODE_FACTS, ...more });
}

describe('a node with BIRD and a ToR', () => {
  let run: Run;
  let bird: LabProcess;
  let tor: LabProcess;
  let torFib: Fib;
  let templateDirectory: string;
  let controller: RouterController;
  const open = (): RouterController =>
    new RouterController({ directory: birdFolder(run, NODE), templateDirectory, birdPath: 'bird', logger });
  const routes = (...batch: readonly string[]): Promise<string> =>
    run.exec(['ip', '-batch', '-'], { namespace: NODE, stdin: batch.join('\n') });

  beforeAll(async () => {
    run = await startTopology();
    templateDirectory = join(run.directory, 'templates');
    await cp(TEMPLATES, templateDirectory, { recursive: true });
    tor = await spawnTor(run, `password "${PASSWORD}";`);
    torFib = await Fib.open(run.namespacePath(TOR));
    await mkdir(birdFolder(run, NODE));
    controller = open();
  }, 30_000);

  afterAll(async () => {
    await controller?.close();
    await torFib?.[Symbol.asyncDispose]();
    await run?.close();
  }, 30_000);

  it('says what to do while there is no BIRD, and once', async () => {
    controller.update(intent());
    const status = await statusOf(controller, ({ configuration }) => configuration.type === 'waiting');
    expect(status).toMatchObject({ connected: false, sessions: [], router: 'default' });
    expect(status.configuration).toMatchObject({ message: expect.stringContaining('start bird -f -c') });
    expect(lines.filter((line) => line.startsWith('warn'))).toHaveLength(1);
  });

  it('has a session with a password as soon as BIRD is there', async () => {
    bird = spawnBird(run, NODE);
    const status = await statusOf(controller, areEstablished('tor-1'));
    expect(status).toMatchObject({ daemon: 'BIRD', connected: true, problems: [] });
  }, 20_000);

  it('brings routes of both families to the ToR, and takes them back', async () => {
    await routes('route add 10.1.0.5/32 dev kube-lb0 proto 201', 'route add 2001:db8:5::5/128 dev kube-lb0 proto 201');
    await Promise.all([torFib.until('new', '10.1.0.5/32'), torFib.until('new', '2001:db8:5::5/128')]);
    await statusOf(controller, ({ sessions }) => sessions[0]?.exported === 2);
    await routes('route del 10.1.0.5/32 dev kube-lb0', 'route del 2001:db8:5::5/128 dev kube-lb0');
    await Promise.all([torFib.until('delete', '10.1.0.5/32'), torFib.until('delete', '2001:db8:5::5/128')]);
    expect(await torFib.prefixes()).not.toContain('10.1.0.5/32');
  }, 20_000);

  it('never announces a route of others, or outside of the groups', async () => {
    await routes(
      'route add 10.1.0.6/32 dev kube-lb0 proto static',
      'route add 10.1.0.7/32 dev eth0 proto 201',
      'route add 10.2.0.1/32 dev kube-lb0 proto 201',
      'route add 10.1.0.128/25 dev kube-lb0 proto 201',
      'route add 2001:db8:6::1/128 dev kube-lb0 proto 201',
      // BIRD hears them in this order, so those above would be there when these are.
      'route add 10.1.0.8/32 dev kube-lb0 proto 201',
      'route add 2001:db8:5::8/128 dev kube-lb0 proto 201',
    );
    await Promise.all([torFib.until('new', '10.1.0.8/32'), torFib.until('new', '2001:db8:5::8/128')]);
    const announced = (await torFib.prefixes()).filter((prefix) => /^(10\.|2001:db8:[56]:)/.test(prefix)).sort();
    expect(announced).toEqual(['10.1.0.8/32', '2001:db8:5::8/128']);
  });

  it('gives routes the communities of their group', async () => {
    const shown = await run.exec(['birdc', '-s', join(birdFolder(run, TOR), 'bird.ctl'), 'show route all 10.1.0.8/32']);
    expect(shown).toContain('BGP.community: (64512,100)');
    expect(shown).toContain('BGP.large_community: (64512, 1, 2)');
  });

  it('adds and removes a neighbor, a group and a community without ending the session', async () => {
    const before = await statusOf(controller, areEstablished('tor-1'));
    const second = neighbor({ name: 'tor-2', address: '192.0.2.253' });
    controller.update(
      intent({
        router: router([neighbor({ name: 'tor-1', passwordSecret: 'tor' }), second]),
        serviceGroups: [group('virtual', ['10.1.0.0/24', '10.2.0.0/24'], { communities: ['64512:200'] })],
      }),
    );
    await torFib.until('new', '10.2.0.1/32');
    await torFib.until('delete', '2001:db8:5::8/128');
    const both = await statusOf(controller, ({ sessions }) => sessions.some(({ name }) => name === 'tor-2'));
    controller.update(intent());
    await torFib.until('delete', '10.2.0.1/32');
    const after = await statusOf(controller, ({ sessions }) => !sessions.some(({ name }) => name === 'tor-2'));
    const since = before.sessions[0]?.since;
    expect(since).toBeInstanceOf(Date);
    expect([both, after].map(({ sessions }) => sessions.find(({ name }) => name === 'tor-1')?.since)).toEqual([
      since,
      since,
    ]);
  }, 20_000);

  it('keeps the session where a template is wrong, names the line, and goes on when it is mended', async () => {
    const file = join(templateDirectory, 'bgp.hbs');
    const good = await readFile(file, 'utf8');
    const { sessions } = await statusOf(controller, areEstablished('tor-1'));
    const line = good.split('\n').findIndex((text) => text.includes('hold time')) + 1;

    await writeFile(file, good.replace('hold time', 'hold tight'));
    const refusedByBird = await statusOf(controller, ({ configuration }) => configuration.type === 'refused');
    expect(refusedByBird.configuration).toMatchObject({
      fault: {
        template: { file: 'bgp.hbs', line },
        message: expect.stringMatching(/^bgp\.hbs:\d+: .*"hold tight 9;"$/),
      },
    });

    await writeFile(file, good.replace('{{holdTime}}', '{{holdTimer}}'));
    const unknownName = await statusOf(
      controller,
      ({ configuration }) => configuration.type === 'refused' && configuration.fault.message.includes('holdTimer'),
    );
    expect(unknownName.configuration).toMatchObject({ fault: { template: { file: 'bgp.hbs', line } } });

    await writeFile(file, `log "/tmp/elsewhere" all;\n${good}`);
    const foreign = await statusOf(
      controller,
      ({ configuration }) => configuration.type === 'refused' && configuration.fault.message.includes('elsewhere'),
    );
    expect(foreign.configuration).toMatchObject({ fault: { template: { file: 'bgp.hbs', line: 1 } } });

    await writeFile(file, good);
    const mended = await statusOf(controller, areEstablished('tor-1'));
    expect(mended.sessions[0]?.since).toEqual(sessions[0]?.since);
    expect(tor.running).toBe(true);
  }, 20_000);

  it('keeps the session when the Secret is lost, and says so', async () => {
    const first = intent();
    const previous = first.type === 'configure' ? first.view : undefined;
    const { sessions } = await statusOf(controller, areEstablished('tor-1'));
    controller.update(intent({ secrets: new Map(), previous }));
    const status = await statusOf(controller, ({ problems }) => problems.length > 0);
    expect(status.problems).toMatchObject([{ reason: 'SecretMissing', path: 'spec.bgp.neighbors[0].passwordSecret' }]);
    expect(status.sessions[0]).toMatchObject({ state: 'Established', since: sessions[0]?.since });
    controller.update(intent());
    await statusOf(controller, ({ problems }) => problems.length === 0);
  });

  it('finds a BIRD again that was killed, with the routes as they are', async () => {
    await bird.kill('SIGKILL');
    await torFib.until('delete', '10.1.0.8/32');
    await statusOf(controller, ({ connected }) => !connected);
    bird.start();
    await statusOf(controller, areEstablished('tor-1'));
    await torFib.until('new', '10.1.0.8/32');
    expect(controller.status()).toMatchObject({ connected: true, configuration: { type: 'current' } });
  }, 30_000);

  it('leaves BIRD alone when the agent ends, and adopts it when the agent is back', async () => {
    const { sessions } = await statusOf(controller, areEstablished('tor-1'));
    await controller.close();
    controller = open();
    controller.update(intent());
    const status = await statusOf(controller, areEstablished('tor-1'));
    // BIRD tells the same moment a few milliseconds apart.
    const [now, then] = [status, { sessions }].map((each) => each.sessions[0]?.since?.getTime() ?? 0);
    expect(Math.abs((now ?? 0) - (then ?? 0))).toBeLessThan(500);
    expect(await torFib.prefixes()).toContain('10.1.0.8/32');
  });

  it('sees within two seconds that the ToR is gone', async () => {
    await tor.kill('SIGKILL');
    const gone = performance.now();
    const status = await statusOf(controller, ({ sessions }) => sessions[0]?.state !== 'Established');
    expect(performance.now() - gone).toBeLessThan(2_000);
    expect(status.sessions[0]?.message).not.toBe('');
    tor.start();
    await statusOf(controller, areEstablished('tor-1'));
  }, 30_000);

  it('withdraws everything when no Router selects the node any more', async () => {
    await torFib.until('new', '10.1.0.8/32');
    controller.update(intent({ router: undefined }));
    await torFib.until('delete', '10.1.0.8/32');
    const status = await statusOf(controller, ({ daemon }) => daemon === 'None');
    expect(status).toMatchObject({ configuration: { type: 'current' }, sessions: [], problems: [] });
    expect(lines.filter((line) => line.startsWith('error'))).toEqual([]);
  });

  it('writes a first configuration with which BIRD can start before its agent knows anything', async () => {
    await controller.close();
    await bird.kill('SIGTERM');
    await rm(birdFolder(run, NODE), { recursive: true });
    await mkdir(birdFolder(run, NODE));
    controller = open();
    await statusOf(controller, () => true);
    await controller.close();
    expect(await readFile(join(birdFolder(run, NODE), 'bird.conf'), 'utf8')).toContain('speaks to nobody');
    const from = (await bird.log()).length;
    bird.start();
    await bird.waitForLog(/Started/, { from });
    controller = open();
    controller.update(intent());
    await statusOf(controller, areEstablished('tor-1'));
  }, 20_000);
});
