import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AGENT_METRICS, REPOSITORY, startLab } from '../lab/index.ts';
import type { Lab, LabNode, LabProcess } from '../lab/index.ts';
import { untilNodeStatus } from '../scene/observe.ts';
import { createAllocated, serviceGroup } from './allocated.ts';

const PROGRAM = join(REPOSITORY, 'dist', 'node-agent.mjs');

describe('an agent that is given the wrong things', () => {
  let lab: Lab;
  let node: LabNode;
  let folder: string;
  let started = 0;

  beforeAll(async () => {
    lab = await startLab({ nodes: 1 });
    node = lab.node(1);
    folder = await mkdtemp(join(tmpdir(), 'fairlead-agent-'));
    await lab.apply(serviceGroup('hosts', ['10.8.0.0/24']));
  }, 60_000);

  afterAll(async () => {
    await lab?.close();
    await rm(folder, { recursive: true, force: true });
  }, 20_000);

  /** Starts an agent in the node's namespace; `before` stands in front of its command line. */
  function start(flags: readonly string[], before: readonly string[] = []): LabProcess {
    started += 1;
    return lab.run.spawn(
      `bad-agent-${started}`,
      [...before, process.execPath, PROGRAM, ...flags] as [string, ...string[]],
      { namespace: node.namespace },
    );
  }

  function usual(over: Readonly<Record<string, string>> = {}): string[] {
    return Object.entries({
      'node-name': node.name,
      kubeconfig: lab.kubeconfig,
      'state-file': join(folder, `state-${started}.json`),
      'router-directory': folder,
      'data-path-health': 'none',
      ...over,
    }).flatMap(([flag, value]) => [`--${flag}`, value]);
  }

  async function readyz(): Promise<{ status: number; body: string }> {
    return lab.http(node.namespace, `http://${AGENT_METRICS}/readyz`);
  }

  test.each([
    ['no node name', [], /--node-name/],
    ['an unknown flag', ['--node-name', 'node-1', '--nonsense'], /--nonsense/],
    [
      'a data path URL that is none',
      ['--node-name', 'node-1', '--data-path-health', 'yes'],
      /--data-path-health "yes"/,
    ],
  ])('%s: one sentence, exit code 2', async (_, flags, sentence) => {
    const agent = start(flags);
    expect(await agent.exited).toMatchObject({ code: 2 });
    expect(await agent.log()).toMatch(sentence);
  });

  test('without a kubeconfig it waits, is not ready, and starts when there is one', async () => {
    const kubeconfig = join(folder, 'kubeconfig');
    const agent = start(usual({ kubeconfig }));
    await agent.waitForLog(/kubeconfig/);
    expect(await readyz()).toMatchObject({ status: 503, body: expect.stringContaining('waiting for the API server') });
    await writeFile(kubeconfig, await lab.run.exec(['cat', lab.kubeconfig]));
    await lab.httpUntilOk(node.namespace, `http://${AGENT_METRICS}/readyz`, { timeoutMs: 15_000 });
    expect(await agent.kill('SIGTERM')).toMatchObject({ code: 0 });
  }, 30_000);

  test('a node name that no Node has: says which flag to mend', async () => {
    const agent = start(usual({ 'node-name': 'nobody' }));
    await agent.waitForLog(/there is no Node nobody; give the name of this machine's Node with --node-name/);
    expect((await readyz()).body).toContain('there is no Node nobody');
    await agent.kill('SIGTERM');
  }, 20_000);

  test('without rights it is not ready and names the capability', async () => {
    await createAllocated(lab, { name: 'refused', addresses: ['10.8.0.1'], group: 'hosts' });
    const agent = start(usual(), ['setpriv', '--bounding-set=-all', '--inh-caps=-all']);
    await agent.waitForLog(/NET_ADMIN/);
    const { status, body } = await readyz();
    expect(status).toBe(503);
    expect(body).toContain('add NET_ADMIN to the capabilities of its container');
    await agent.kill('SIGTERM');
  }, 20_000);

  test('a node without a default route announces virtual addresses and says what is missing', async () => {
    await node.exec(['ip', 'route', 'del', 'default']);
    await node.exec(['ip', '-6', 'route', 'del', 'default']);
    const agent = start(usual());
    const { conditions } = await untilNodeStatus(
      lab,
      node,
      // The condition may be written before the first address is announced.
      (status) =>
        status.virtualCount === 1 && status.conditions?.some(({ type }) => type === 'NoLocalInterface') === true,
      { timeoutMs: 10_000 },
    );
    const missing = conditions?.find(({ type }) => type === 'NoLocalInterface');
    expect(missing?.message).toContain('give the node a default route');
    await agent.kill('SIGTERM');
  }, 20_000);
});
