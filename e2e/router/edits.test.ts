import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resetsOf } from '@fairlead/router';
import type { LabProcess, Run } from '../lab/index.ts';
import {
  ALL_EDITS,
  BFD_OFF,
  BGP_EDITS,
  edited,
  FILE_EDITS,
  KERNEL_EDITS,
  kernelProtocol,
  nodeProtocol,
  OSPF_EDITS,
  OSPF_NEIGHBOR_EDITS,
  ospfProtocol,
  sessionPlan,
} from './edit-table.ts';
import type { Edit } from './edit-table.ts';
import { configure, fullNeighbors, isUnbroken, protocolsOf } from './raw-bird.ts';
import type { ShownProtocol } from './raw-bird.ts';
import { birdFolder, NODE, spawnBird, startTopology, TOR } from './topology.ts';

const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'routing', 'editing.md');

const HEADER = `log stderr all;
timeformat protocol iso long ms;
debug protocols { states, events };
router id 192.0.2.1;
protocol device { }
protocol bfd { }
filter ours { if net.len > 31 then { accept; # ours
	} reject; }
# neighbors
`;

/** What each protocol of the table is called on the node, and what stands for it in the file. */
const PLANNED = [
  ...BGP_EDITS.map((edit, index) => ({ edit, index, name: `s${index}`, text: nodeProtocol(sessionPlan(index)) })),
  ...KERNEL_EDITS.map((edit, index) => ({ edit, index, name: `k${index}`, text: kernelProtocol(index) })),
  ...OSPF_EDITS.map((edit, index) => ({ edit, index, name: `o${index}`, text: ospfProtocol(index) })),
];

/** Those of which the neighbor decides, with adjacencies of other instances. */
const DECIDED_BY_NEIGHBOR = OSPF_NEIGHBOR_EDITS.map((edit, position) => {
  const index = OSPF_EDITS.length + position;
  return { edit, index, name: `o${index}`, text: ospfProtocol(index) };
});

const ALL_PLANNED = [...PLANNED, ...DECIDED_BY_NEIGHBOR];
const BEFORE = HEADER + ALL_PLANNED.map(({ text }) => text).join('');
const AFTER = HEADER + ALL_PLANNED.map(({ text, edit, index }) => edited(text, edit, index)).join('');

function torConfiguration(): string {
  const sessions = BGP_EDITS.map((_, index) => {
    const { name, node, tor } = sessionPlan(index);
    return `protocol bgp ${name} { local ${tor} as 64513; neighbor ${node} as 64512; connect delay time 1;
  connect retry time 1; error wait time 1, 2; bfd on; ipv4 { import all; export none; }; ipv6 { import all; export none; };
  ipv4 multicast { import all; export none; }; }\n`;
  });
  const adjacencies = [...OSPF_EDITS, ...OSPF_NEIGHBOR_EDITS].map((_, index) => ospfProtocol(index));
  return `log stderr all; timeformat protocol iso long ms; router id 192.0.2.254; protocol device { }
debug protocols { events };
protocol bfd { debug { events }; }
filter ours { reject; }\n${sessions.join('')}${adjacencies.join('')}`;
}

/** What the table says of each name. */
const promised = (edits: readonly { readonly name: string; readonly edit: Edit }[]): Record<string, string> =>
  Object.fromEntries(edits.map(({ name, edit }) => [`${name} ${edit.title}`, edit.effect]));

describe('an edit of the configuration', () => {
  let run: Run;
  let bird: LabProcess;
  let tor: LabProcess;
  let before: ReadonlyMap<string, ShownProtocol>;

  beforeAll(async () => {
    run = await startTopology();
    const [here, there] = [NODE, TOR].map((name) => run.namespaceName(name));
    const cable = `link add eth1 netns ${here} type veth peer name eth1 netns ${there}`;
    await run.exec(['ip', '-batch', '-'], { stdin: cable });
    for (const namespace of [NODE, TOR] as const) {
      const addresses = BGP_EDITS.map((_, index) => `address add ${sessionPlan(index)[namespace]}/24 dev eth1`);
      await run.exec(['ip', '-batch', '-'], {
        namespace,
        stdin: [...addresses, 'link set eth1 up'].join('\n'),
      });
    }
    for (const [namespace, text] of [
      [TOR, torConfiguration()],
      [NODE, BEFORE],
    ] as const) {
      await mkdir(birdFolder(run, namespace));
      await writeFile(join(birdFolder(run, namespace), 'bird.conf'), text);
    }
    tor = spawnBird(run, TOR);
    bird = spawnBird(run, NODE);
    for (const { name, edit } of ALL_PLANNED) {
      if (BGP_EDITS.includes(edit)) {
        await bird.waitForLog(new RegExp(`<TRACE> ${name}: BGP session established`));
      } else if (edit.title.startsWith('OSPF')) {
        await bird.waitForLog(new RegExp(`<TRACE> ${name}: Neighbor .* changed state from Loading to Full`), {
          timeoutMs: 20_000,
        });
      }
    }
    before = await protocolsOf(run, NODE);
  }, 40_000);

  afterAll(() => run?.close());

  it('is named by the settings that restart a session, and BIRD restarts those sessions and no others', async () => {
    const resets = resetsOf(BEFORE, AFTER);
    const [from, heardByTor] = [(await bird.log()).length, (await tor.log()).length];
    await configure(run, NODE, AFTER);
    const after = await protocolsOf(run, NODE);
    const foreseen: Record<string, string> = {};
    const measured: Record<string, string> = {};
    for (const { name, edit } of PLANNED) {
      const reset = resets.find(({ protocol }) => protocol === name);
      foreseen[`${name} ${edit.title}`] = reset === undefined ? 'stays up' : 'restarts';
      const adjacencies = edit.title.startsWith('OSPF') ? await neighborsOf(name, after) : undefined;
      const isUp = isUnbroken(before.get(name), after.get(name)) && adjacencies !== 0;
      measured[`${name} ${edit.title}`] = isUp ? 'stays up' : 'restarts';
    }
    expect(measured).toEqual(promised(PLANNED));
    expect(foreseen).toEqual(promised(PLANNED));
    expect(resets.filter(({ effect }) => effect === 'may restart').map(({ protocol }) => protocol)).toEqual(
      DECIDED_BY_NEIGHBOR.map(({ name }) => name),
    );

    // Later too, when the neighbor has heard of it: by now the first that restarted has a session again.
    await bird.waitForLog(/<TRACE> s0: BGP session established/, { from });
    const later = await protocolsOf(run, NODE);
    for (const { name, edit } of PLANNED) {
      if (edit.effect === 'stays up') {
        expect([edit.title, isUnbroken(before.get(name), later.get(name))]).toEqual([edit.title, true]);
      }
    }
    // The neighbor's word counts. With a dead interval of 4 s it took BIRD 2.0.12 between 4 and 10 s to give up.
    for (const { name } of DECIDED_BY_NEIGHBOR) {
      await tor.waitForLog(new RegExp(`<TRACE> ${name}: Neighbor .* changed state from Full to Down`), {
        from: heardByTor,
        timeoutMs: 30_000,
      });
    }
  }, 60_000);

  async function neighborsOf(name: string, shown: ReadonlyMap<string, ShownProtocol>): Promise<number> {
    return shown.has(name) ? (await fullNeighbors(run, NODE, name)).length : 0;
  }

  it('that takes BFD away ends the session, by the neighbor', async () => {
    const running = await readFile(join(birdFolder(run, NODE), 'bird.conf'), 'utf8');
    const wanted = edited(running, BFD_OFF, 0);
    const index = BGP_EDITS.findIndex(({ title }) => title === 'BFD, on');
    const { name, node: here, tor: there } = sessionPlan(index);
    expect(resetsOf(running, wanted)).toEqual([
      { protocol: name, kind: 'bgp', effect: 'may restart', causes: ['bfd'] },
    ]);
    await bird.waitForLog(new RegExp(`Session to ${there} changed state from \\w+ to Up`));
    const shown = (await protocolsOf(run, NODE)).get(name);
    const from = (await tor.log()).length;
    await configure(run, NODE, wanted);
    await tor.waitForLog(new RegExp(`Session to ${here} changed state from Up`), { from });
    const isUp = isUnbroken(shown, (await protocolsOf(run, NODE)).get(name));
    expect(isUp).toBe(BFD_OFF.effect === 'stays up');
  }, 20_000);

  it.each(FILE_EDITS)('of the whole file: $title', async (edit) => {
    const file = join(birdFolder(run, NODE), 'bird.conf');
    const running = await readFile(file, 'utf8');
    const wanted = edited(running, edit, 0);
    const sessions = [...(await protocolsOf(run, NODE))].filter(([, { info }]) => info === 'Established');
    expect(sessions.length).toBeGreaterThan(5);
    const foreseen = resetsOf(running, wanted).filter(({ kind }) => kind === 'bgp');
    await configure(run, NODE, wanted);
    const after = await protocolsOf(run, NODE);
    const broken = sessions.filter(([name, shown]) => !isUnbroken(shown, after.get(name)));
    expect(broken).toHaveLength(edit.effect === 'restarts' ? sessions.length : 0);
    expect(foreseen.length > 0).toBe(edit.effect === 'restarts');
  });

  it('is in the table of the page, with what comes of it', async () => {
    const page = await readFile(PAGE, 'utf8');
    const table = page.slice(page.search(/^\| what changes /m));
    const rows = table.slice(0, table.indexOf('\n\n')).split('\n').slice(2);
    const cells = rows.map((row) => row.split('|').map((cell) => cell.trim()));
    expect(cells.map(([, title, effect]) => ({ title, effect }))).toEqual(
      ALL_EDITS.map(({ title, effect }) => ({ title, effect })),
    );
  });
});
