import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LBNodeStatusStatus, RouterSession } from '@fairlead/api';
import type { KubernetesObject, Lab, LabNode } from '../lab/index.ts';
import { REPOSITORY } from '../lab/fairlead.ts';
import { startLab } from '../lab/index.ts';
import { createAllocated, serviceGroup } from '../node-agent/allocated.ts';
import { metric } from '../node-agent/local-nodes.ts';
import { ROUTER } from '../scene/manifests.ts';
import { untilNextHops, untilNodeStatus } from '../scene/observe.ts';

const STATUSES = '/apis/fairlead.dev/v1/lbnodestatuses';
const EVENTS = '/apis/events.k8s.io/v1/namespaces/default/events';
/** How soon a change is promised to be told, milliseconds. */
const TOLD_WITHIN_MS = 2_000;

interface EventObject extends KubernetesObject {
  readonly reason?: string;
  readonly note?: string;
  readonly regarding?: { readonly kind?: string; readonly name?: string; readonly uid?: string };
}

const sessionOf = ({ router }: LBNodeStatusStatus): RouterSession | undefined => router?.sessions?.[0];

describe('what the router does is told', () => {
  let lab: Lab;
  let node: LabNode;
  let templates: string;

  const established = (): Promise<LBNodeStatusStatus> =>
    untilNodeStatus(lab, node, (status) => sessionOf(status)?.state === 'Established', { timeoutMs: 20_000 });

  beforeAll(async () => {
    lab = await startLab({ nodes: 1 });
    node = lab.node(1);
    templates = join(lab.run.directory, 'templates');
    await cp(join(REPOSITORY, 'bird-templates'), templates, { recursive: true });
    await lab.apply(serviceGroup('hosts', ['10.8.0.0/24']));
    await lab.apply(JSON.stringify(ROUTER));
    await lab.startAgent(1, { flags: ['--template-directory', templates] });
    await lab.startRouter(1);
    await lab.tor.untilEstablished(1);
  }, 90_000);

  afterAll(async () => {
    await lab?.close();
  }, 20_000);

  it('in LBNodeStatus and in metrics: the session, and what it carries', async () => {
    await createAllocated(lab, { name: 'one', addresses: ['10.8.0.1'], group: 'hosts' });
    await untilNextHops(lab, '10.8.0.1', 1);
    const status = await untilNodeStatus(lab, node, (seen) => sessionOf(seen)?.prefixes === 1);
    expect(status.router).toMatchObject({ daemon: 'BIRD', router: 'tor', sessions: [{ name: 'tor', imported: 0 }] });
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'RouterReady', status: 'True' }));
    expect(await metric(lab, node, 'fairlead_agent_router_session_up', 'session="tor"')).toBe(1);
    expect(await metric(lab, node, 'fairlead_agent_router_session_prefixes', 'direction="exported"')).toBe(1);
    expect(await metric(lab, node, 'fairlead_agent_router_sessions', 'state="Established"')).toBe(1);
  }, 20_000);

  it('within two seconds, when the neighbor is gone and when it is back', async () => {
    await lab.tor.kill('SIGKILL');
    const gone = performance.now();
    const lost = await untilNodeStatus(lab, node, (status) => sessionOf(status)?.state !== 'Established');
    const told = performance.now() - gone;
    process.stderr.write(`a lost session: in LBNodeStatus after ${told.toFixed(0)} ms\n`);
    // As much again for a machine that has other things to do.
    expect(told).toBeLessThan(2 * TOLD_WITHIN_MS);
    expect(sessionOf(lost)?.message).toBeDefined();
    expect(await metric(lab, node, 'fairlead_agent_router_session_up', 'session="tor"')).toBe(0);
    await lab.tor.revive();
    await established();
  }, 40_000);

  it('and a template that cannot be used: by an event on the Router, once, a condition and a metric', async () => {
    const before = await established();
    const file = join(templates, 'bgp.hbs');
    const good = await readFile(file, 'utf8');
    await writeFile(file, `${good}\nno such statement;\n`);
    const line = good.split('\n').length + 1;
    const event = await lab.api.until<EventObject>(EVENTS, ({ reason }) => reason === 'RouterConfigRefused');
    expect(event).toMatchObject({
      regarding: { kind: 'Router', name: 'tor', uid: expect.any(String) },
      note: expect.stringContaining(`bgp.hbs:${line}: `),
    });
    const { conditions } = await untilNodeStatus(lab, node, (status) =>
      (status.conditions ?? []).some(({ reason }) => reason === 'ConfigurationRefused'),
    );
    expect(conditions).toContainEqual(
      expect.objectContaining({ type: 'RouterReady', message: expect.stringContaining(`bgp.hbs:${line}: `) }),
    );
    expect(await metric(lab, node, 'fairlead_agent_router_configurations_total', 'refused')).toBe(1);
    expect(await metric(lab, node, 'fairlead_agent_router_configured')).toBe(0);
    await writeFile(file, good);
    await lab.api.until<EventObject>(EVENTS, ({ reason }) => reason === 'RouterConfigAccepted');
    const told = await lab.api.get<{ readonly items: readonly EventObject[] }>(EVENTS);
    expect(told.items.filter(({ reason }) => reason === 'RouterConfigRefused')).toHaveLength(1);
    expect(sessionOf(await established())?.since).toBe(sessionOf(before)?.since);
  }, 40_000);

  it('in few words where a session flaps, and its last state in the end', async () => {
    const end = new AbortController();
    let writes = 0;
    const watching = (async () => {
      let before: RouterSession | undefined;
      for await (const { object } of lab.api.watch<{ readonly status?: LBNodeStatusStatus }>(STATUSES, {
        signal: end.signal,
        fieldSelector: `metadata.name=${node.name}`,
      })) {
        const session = sessionOf(object.status ?? {});
        writes += JSON.stringify(session) === JSON.stringify(before) ? 0 : 1;
        before = session;
      }
    })().catch(() => undefined);
    const flap = 'for time in $(seq 40); do birdc -s bird.ctl restart bgp_tor </dev/null >/dev/null; sleep 0.1; done';
    await lab.run.exec(['sh', '-c', flap], { workingDirectory: join(lab.run.directory, node.name, 'router') });
    await established();
    end.abort();
    await watching;
    process.stderr.write(`a session that flaps for some 5 s: ${writes} writes\n`);
    // Ten at once, and one each five seconds; the first of these is what was there before.
    expect(writes).toBeLessThanOrEqual(13);
    expect(await metric(lab, node, 'fairlead_agent_router_session_changes_total')).toBeGreaterThan(0);
  }, 60_000);

  it('and the session stays while a drained node takes its routes back', async () => {
    const before = await established();
    await untilNextHops(lab, '10.8.0.1', 1);
    await lab.kubectl(['cordon', node.name]);
    await lab.kubectl(['annotate', 'node', node.name, 'fairlead.dev/drain=true']);
    expect(await untilNextHops(lab, '10.8.0.1', 0)).toBe(0);
    const status = await untilNodeStatus(lab, node, (seen) => sessionOf(seen)?.prefixes === 0);
    expect(sessionOf(status)).toMatchObject({ state: 'Established', since: sessionOf(before)?.since });
  }, 40_000);
});
