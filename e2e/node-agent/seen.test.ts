import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ALLOCATOR_ANNOTATIONS, EVENT_REASONS, EXCLUDE_LABEL, parseAddress, SERVICE_ANNOTATIONS } from '@fairlead/api';
import type { EventReason } from '@fairlead/api';
import { gratuitousArpRequest, openLanSocket, openNetlink } from '@fairlead/netlink';
import { AuditLog } from '../allocator/audit.ts';
import { now, startCapture } from '../lab/index.ts';
import type { LabNode, ServiceObject } from '../lab/index.ts';
import { LOCAL_GROUP, service } from '../scene/manifests.ts';
import { createService, deleteService, ingressOf, untilAddresses, untilService } from '../scene/observe.ts';
import { startScene } from '../scene/scene.ts';
import { addressesOn } from './kernel.ts';
import { LAN, on } from './local-node.ts';
import { announced, conditionOf, holders, metric, watchNodes } from './local-nodes.ts';
import type { LocalNodes } from './local-nodes.ts';

const EVENTS = '/apis/events.k8s.io/v1/namespaces/default/events';
/** A station that is no node. */
const STRANGER = '02:00:00:00:ee:01';
const MOVES = 3;

interface EventObject {
  readonly metadata: { readonly name: string };
  readonly reason?: string;
  readonly note?: string;
  readonly type?: string;
  readonly regarding?: { readonly name?: string; readonly uid?: string };
}

function wish(name: string): object {
  return service({ name, group: LOCAL_GROUP, families: 'IPv4', app: 'nobody' });
}

function sharing(name: string, port: number): object {
  return {
    metadata: {
      name,
      annotations: { [SERVICE_ANNOTATIONS.serviceGroup]: LOCAL_GROUP, [SERVICE_ANNOTATIONS.allowSharedIP]: 'key' },
    },
    spec: { type: 'LoadBalancer', loadBalancerClass: 'fairlead.dev/fairlead', ports: [{ port }] },
  };
}

/** A patch of a ServiceGroup. */
function announceOn(interfaces: readonly string[] | null): string {
  return JSON.stringify({ spec: { announce: { interfaces } } });
}

describe('what happens to a local address is seen', () => {
  let scene: LocalNodes;
  let folder: string;
  let audit: AuditLog;
  let web: ServiceObject;
  let address: string;
  let holder: LabNode;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-seen-'));
    audit = await AuditLog.prepare(folder);
    const { lab } = await startScene({ nodes: 3, routers: false, apiServerFlags: audit.flags });
    scene = await watchNodes(lab);
    const mark = scene.mark();
    web = await createService(lab, wish('web'));
    [address = ''] = await untilAddresses(lab, 'web', 1);
    holder = (await scene.untilOn(address, { mark })).node;
  }, 120_000);

  afterAll(async () => {
    await scene?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  }, 20_000);

  /** Waits for an event on a Service. @returns its note */
  async function told(name: string, reason: EventReason, words: readonly string[]): Promise<EventObject> {
    return scene.lab.api.until<EventObject>(
      EVENTS,
      (event) =>
        event.reason === reason &&
        event.regarding?.name === name &&
        words.every((word) => event.note?.includes(word) === true),
    );
  }

  async function untilAnnouncedBy(name: string, text: string | undefined): Promise<ServiceObject> {
    return untilService(
      scene.lab,
      name,
      ({ metadata }) => metadata.annotations?.[ALLOCATOR_ANNOTATIONS.announcedBy] === text,
    );
  }

  /** Waits until each node's LBNodeStatus has the addresses that its kernel has, and no other. */
  async function untilStatusesAreTrue(): Promise<void> {
    for (const node of scene.lab.nodes) {
      const own = new Set([`${node.address.IPv4}/16`, `${node.address.IPv6}/64`]);
      const there = (await addressesOn(node, LAN)).filter((text) => !own.has(text));
      await scene.untilStatus(node, ({ localCount, localAddresses = [] }) => {
        const listed = localAddresses.map((each) => `${each.address}/32 ${each.interface}`).sort();
        return localCount === there.length && listed.join() === there.map((text) => `${text} ${LAN}`).join();
      });
    }
  }

  /** Has the holder hand over. @returns where the address is now, and since when */
  async function move(): ReturnType<LocalNodes['untilOn']> {
    const { lab } = scene;
    const mark = scene.mark();
    await lab.kubectl(['label', 'node', holder.name, `${EXCLUDE_LABEL}=`]);
    const arrival = await scene.untilOn(address, { mark });
    const from = mark[lab.nodes.indexOf(holder)] ?? 0;
    await scene.monitor(holder).events.waitFor(on(LAN, address, true), { from });
    await lab.kubectl(['label', 'node', holder.name, `${EXCLUDE_LABEL}-`]);
    return arrival;
  }

  /** The patches that wrote where a Service is announced. */
  async function whereabouts(name: string): Promise<readonly string[]> {
    const patches = (await audit.writes()).filter((write) => write.resource === 'services' && write.name === name);
    return patches.flatMap(({ body }) => {
      const { metadata } = body as { metadata?: { annotations?: Readonly<Record<string, string>> } };
      return metadata?.annotations?.[ALLOCATOR_ANNOTATIONS.announcedBy] ?? [];
    });
  }

  test('an event, an annotation and LBNodeStatus say on which node and interface the address is', async () => {
    const event = await told('web', EVENT_REASONS.addressAnnounced, [address, `${LAN} of node ${holder.name}`]);
    expect(event).toMatchObject({ type: 'Normal', regarding: { uid: web.metadata.uid } });
    await untilAnnouncedBy('web', `${holder.name}/${LAN}`);
    const status = await scene.untilStatus(holder, ({ localCount }) => localCount === 1);
    expect(status.localAddresses).toMatchObject([{ address, interface: LAN, service: 'default/web' }]);
    expect(Math.abs(Date.parse(status.localAddresses?.[0]?.since ?? '') - now())).toBeLessThan(60_000);
    await untilStatusesAreTrue();
  }, 40_000);

  test('the annotation follows each move within two seconds, in one patch, and events name both nodes', async () => {
    const before = await whereabouts('web');
    const late: number[] = [];
    const path: string[] = [];
    for (let turn = 0; turn < MOVES; turn++) {
      const from = holder;
      const withdrawn = await withdrawals(from, 'moved');
      const { node, at } = await move();
      await untilAnnouncedBy('web', `${node.name}/${LAN}`);
      late.push(now() - at);
      path.push(`${node.name}/${LAN}`);
      await told('web', EVENT_REASONS.addressWithdrawn, [address, `${LAN} of node ${from.name}`, 'successor']);
      await told('web', EVENT_REASONS.addressAnnounced, [address, `${LAN} of node ${node.name}`]);
      expect((await withdrawals(from, 'moved')) - withdrawn).toBe(1);
      expect(await metric(scene.lab, node, 'fairlead_agent_local_addresses')).toBe(1);
      holder = node;
      await untilStatusesAreTrue();
    }
    console.log(`announced-by follows after ${late.map((ms) => ms.toFixed(0)).join(', ')} ms`);
    expect(Math.max(...late)).toBeLessThan(2_000);
    expect((await whereabouts('web')).slice(before.length)).toEqual(path);
  }, 60_000);

  async function withdrawals(node: LabNode, reason: string): Promise<number> {
    return metric(scene.lab, node, 'fairlead_agent_local_address_withdrawals_total', `reason="${reason}"`);
  }

  test('a stranger that uses the address: an event has its MAC, node and interface, and the counter moves', async () => {
    const { lab } = scene;
    const conflicts = async (): Promise<number> =>
      metric(lab, holder, 'fairlead_agent_local_address_events_total', 'event="conflict"');
    const before = await conflicts();
    await speakAs(STRANGER);
    const event = await told('web', EVENT_REASONS.addressConflict, [
      address,
      STRANGER,
      `${LAN} of node ${holder.name}`,
    ]);
    expect(event).toMatchObject({ type: 'Warning', regarding: { uid: web.metadata.uid } });
    expect((await conflicts()) - before).toBe(1);
    expect(await holders(lab, address)).toEqual([holder.name]);
  }, 40_000);

  /** A frame from the client's cable says that the address is at another MAC. */
  async function speakAs(mac: string): Promise<void> {
    const netns = scene.lab.run.namespacePath('client');
    const netlink = await openNetlink({ netns });
    const index = (await netlink.links()).find(({ name }) => name === LAN)?.index ?? 0;
    await netlink.close();
    const socket = await openLanSocket({ netns, index });
    expect(socket.send([gratuitousArpRequest({ mac, address: parseAddress(address) })])).toEqual({ ok: true });
    await socket.close();
  }

  test('renewals, probes, suspicions and deaths are counted when they happen', async () => {
    const { lab } = scene;
    const others = lab.nodes.filter((node) => node !== holder);
    const renewals = async (): Promise<number> =>
      metric(lab, holder, 'fairlead_agent_kernel_operations_total', 'kind="renew",result="done"');
    const [renewed, seen] = [await renewals(), await sums(others)];
    const from = scene.monitor(holder).events.length;
    await scene.configure({ addressLifetime: '23h' });
    await scene.monitor(holder).events.waitFor(on(LAN, address), { from });
    expect((await renewals()) - renewed).toBe(1);
    const mark = scene.mark();
    await lab.cutLan(holder);
    const { node } = await scene.untilOn(address, { mark });
    const after = await sums(others);
    await lab.node(holder).mendLan();
    expect(Object.entries(after).filter(([name, count]) => count <= (seen[name] ?? 0))).toEqual([]);
    // The former holder hears the new one, or the new one it: whoever ranks higher keeps it.
    await Promise.any(
      [holder, node].map((each) =>
        scene.monitor(each).events.waitFor(on(LAN, address, true), { from: mark[lab.nodes.indexOf(each)] ?? 0 }),
      ),
    );
    const [left = ''] = await holders(lab, address);
    holder = lab.node(left);
    await untilAnnouncedBy('web', `${left}/${LAN}`);
    await untilStatusesAreTrue();
  }, 60_000);

  /** Counters that the death of a node moves, summed over nodes. */
  async function sums(nodes: readonly LabNode[]): Promise<Readonly<Record<string, number>>> {
    const names = ['probes', 'dead_verdicts', 'hints_sent', 'suspicions'];
    const entries = names.map(async (name): Promise<[string, number]> => {
      const counts = await Promise.all(nodes.map((node) => metric(scene.lab, node, `fairlead_agent_${name}_total`)));
      return [name, counts.reduce((sum, count) => sum + count, 0)];
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  test('two Services on one address: one node, one row of announcements, and it goes with the last of them', async () => {
    const { lab } = scene;
    await using capture = await startCapture(lab.run);
    const mark = scene.mark();
    await createService(lab, sharing('one', 81));
    const [shared = ''] = await untilAddresses(lab, 'one', 1);
    const { node } = await scene.untilOn(shared, { mark });
    const rows = (): readonly (string | undefined)[] =>
      capture.events.all.flatMap((event) => announced(event, shared) ?? []);
    await capture.events.waitFor(() => rows().length >= 5);
    await createService(lab, sharing('other', 82));
    expect(await untilAddresses(lab, 'other', 1)).toEqual([shared]);
    await untilAnnouncedBy('other', `${node.name}/${LAN}`);
    await deleteService(lab, 'one');
    await scene.untilStatus(node, ({ localAddresses = [] }) =>
      localAddresses.some((each) => each.address === shared && each.service === 'default/other'),
    );
    expect(rows()).toEqual(Array.from({ length: 5 }, () => node.mac));
    expect(await holders(lab, shared)).toEqual([node.name]);
    expect(scene.since(mark, shared).filter(({ deleted }) => deleted)).toEqual([]);
    await deleteService(lab, 'other');
    await scene.monitor(node).events.waitFor(on(LAN, shared, true), { from: mark[lab.nodes.indexOf(node)] ?? 0 });
    await told('other', EVENT_REASONS.addressWithdrawn, [shared, node.name, 'no Service needs it']);
    expect(await holders(lab, shared)).toEqual([]);
  }, 40_000);

  test('settings that no agent can use say so on themselves, and move nothing', async () => {
    const { lab } = scene;
    const mark = scene.mark();
    await scene.configure({ local: { interfaces: ['/eth(/'] } });
    await untilReady('lbnodeagents', 'all', 'InvalidInterface');
    for (const node of lab.nodes) {
      await scene.untilStatus(node, (status) => conditionOf(status, 'InvalidInterface') !== undefined);
    }
    await lab.kubectl(['patch', 'servicegroup', LOCAL_GROUP, '--type=merge', '--patch', announceOn(['/eth(/'])]);
    await untilReady('servicegroups', LOCAL_GROUP, 'InvalidInterface');
    await lab.kubectl(['patch', 'servicegroup', LOCAL_GROUP, '--type=merge', '--patch', announceOn(null)]);
    await scene.configure({});
    await untilReady('lbnodeagents', 'all', 'Valid');
    expect(scene.since(mark, address).filter(({ deleted }) => deleted)).toEqual([]);
    expect(await holders(lab, address)).toEqual([holder.name]);
  }, 40_000);

  /** Waits for the reason of an object's condition `Ready`. */
  async function untilReady(resource: string, name: string, reason: string): Promise<void> {
    await scene.lab.api.until<ServiceObject>(
      `/apis/fairlead.dev/v1/${resource}`,
      ({ metadata, status }) =>
        metadata.name === name &&
        status?.conditions?.some((condition) => condition.type === 'Ready' && condition.reason === reason) === true,
    );
  }

  test('a Service that goes: the event says so, nothing is left, and LBNodeStatus tells of none', async () => {
    const { lab } = scene;
    expect(ingressOf(await untilService(lab, 'web', () => true))).toEqual([address]);
    const from = scene.monitor(holder).events.length;
    await deleteService(lab, 'web');
    await scene.monitor(holder).events.waitFor(on(LAN, address, true), { from });
    await told('web', EVENT_REASONS.addressWithdrawn, [address, holder.name, 'no Service needs it']);
    await untilStatusesAreTrue();
    for (const node of lab.nodes) {
      await scene.untilStatus(node, ({ localCount }) => localCount === 0);
    }
  }, 40_000);
});
