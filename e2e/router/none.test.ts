import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildRouterView, RouterController } from '@fairlead/router';
import type { RouterManifest } from '@fairlead/api';
import { parse } from 'yaml';
import type { Run } from '../lab/index.ts';
import { Fib } from './fib.ts';
import { forNode, sample } from './pages.ts';
import { startRack } from './rack.ts';
import { announce, bird, FOREIGN, proveSamples } from './samples.ts';
import { areEstablished, statusOf } from './status.ts';
import { birdFolder, group, neighbor, NODE, NODE_FACTS, router, spawnBird, TOR } from './topology.ts';

const TEMPLATES = join(import.meta.dirname, '..', '..', 'bird-templates');
const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** A node-to-node mesh, and the ToR as a peer: what Calico's BIRD speaks with. */
const MESH =
  'protocol bgp Mesh { local 192.0.2.1 as 64512; neighbor 192.0.2.2 as 64512; ipv4 { import all; export filter peers; }; }';
const PEER =
  'protocol bgp Node { local 192.0.2.1 as 64512; neighbor 192.0.2.254 as 64513; connect delay time 1; ipv4 { import all; export filter peers; }; }';

/** A BIRD that does with the kernel and its peers what Calico's does: it takes all and lets out the pods' range alone. */
async function startCalico(run: Run, options: { readonly statement?: string; readonly peers: string }): Promise<void> {
  const folder = join(run.directory, 'calico');
  await mkdir(folder);
  await writeFile(
    join(folder, 'bird.conf'),
    `log stderr all;
router id 192.0.2.1;
protocol device { scan time 2; }
protocol direct { ipv4; interface -"cali*", -"kube-ipvs*", "*"; }
protocol kernel { learn; persist; scan time 2; merge paths on; ipv4 { import all; export none; }; }
function calico_export_to_bgp_peers()
{
${options.statement ?? ''}
  if ( net ~ [ 10.244.0.0/16+ ] ) then { accept; }
}
filter peers { calico_export_to_bgp_peers(); reject; }
${options.peers}
`,
  );
  const [config, socket] = ['bird.conf', 'bird.ctl'].map((name) => join(folder, name));
  const calico = run.spawn('calico', ['bird', '-f', '-c', `${config}`, '-s', `${socket}`], { namespace: NODE });
  await calico.waitForLog(/Started/);
}

describe('the samples of BIRD, on nodes and ToR', () => {
  proveSamples({
    torPage: 'tor-bird.md',
    startTor: async (run) => bird(run, TOR, await sample('tor-bird.md', 'bird')),
    startNode: async (run, node, host) =>
      bird(run, node, forNode(await sample('none.md', 'bird', 'BIRD on the host'), host)),
  });
});

describe('beside Calico', () => {
  let run: Run;
  let fib: Fib;
  let controller: RouterController | undefined;

  beforeEach(async () => {
    run = await startRack();
    fib = await Fib.open(run.namespacePath(TOR));
    await bird(run, TOR, await sample('tor-bird.md', 'bird'));
  }, 30_000);

  afterEach(async () => {
    await controller?.close();
    await fib?.[Symbol.asyncDispose]();
    await run?.close();
  }, 30_000);

  it('a BIRD on a port of its own speaks with the ToR', async () => {
    const written = parse(await sample('calico.md', 'yaml')) as RouterManifest;
    const { listenPort, neighbors = [] } = written.spec.bgp ?? {};
    const [tor] = neighbors;
    if (tor === undefined || listenPort === undefined) {
      throw new Error('the Router of the page has no neighbor, or no port');
    }
    // With the defaults that the API server fills in.
    const { metadata, spec, ...rest } = router([neighbor({ ...tor, bfd: { interval: '100ms', multiplier: 3 } })]);
    const filled = { ...rest, metadata, spec: { ...spec, bgp: { neighbors: [], ...spec.bgp, listenPort } } };
    controller = new RouterController({ directory: birdFolder(run, NODE), templateDirectory: TEMPLATES, logger });
    controller.update(
      buildRouterView({
        router: filled,
        serviceGroups: [group('virtual', ['10.1.0.0/24', '2001:db8:5::/64'])],
        secrets: new Map(),
        node: NODE_FACTS,
      }),
    );
    await announce(run, NODE);
    await statusOf(controller, ({ configuration }) => configuration.type === 'waiting');
    await startCalico(run, { peers: MESH });
    spawnBird(run, NODE);
    await statusOf(controller, areEstablished('tor'));
    await Promise.all([fib.until('new', '10.1.0.5/32'), fib.until('new', '2001:db8:5::5/128')]);
    expect(await run.exec(['ss', '-ltnH', 'sport', '=', '1790'], { namespace: NODE })).toContain('LISTEN');
  }, 30_000);

  it("Calico's BIRD announces Fairlead's routes", async () => {
    await announce(run, NODE);
    await startCalico(run, { statement: await sample('calico.md', 'bird'), peers: PEER });
    await Promise.all([fib.until('new', '10.1.0.5/32'), fib.until('new', '10.1.0.0/25')]);
    expect((await fib.prefixes()).filter((prefix) => FOREIGN.includes(prefix))).toEqual([]);
  }, 30_000);
});
