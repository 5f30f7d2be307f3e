import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LBNodeStatusStatus, RouterManifest } from '@fairlead/api';
import { createKubeClient } from '@fairlead/kube';
import type { KubeClient } from '@fairlead/kube';
import { SecretWatch } from '@fairlead/node-agent';
import type { SecretReading } from '@fairlead/node-agent';
import type { Logger } from '@fairlead/runtime';
import { blocksOf } from '../docs/page.ts';
import { AGENT_METRICS, RELEASE_NAMESPACE, startLab } from '../lab/index.ts';
import type { Lab, LabNode, LabProcess } from '../lab/index.ts';
import { applyAll } from '../scene/scene.ts';
import { untilNodeStatus } from '../scene/observe.ts';
import { ManualTimers } from './manual-timers.ts';

const PAGE = 'docs/routing/editing.md';
const SECRETS = `/api/v1/namespaces/${RELEASE_NAMESPACE}/secrets`;
/** Of the page. */
const [FIRST, SECOND] = ['correct-horse', 'battery-staple'] as const;

/** A session without a password over IPv4, one with a password over IPv6. */
const ROUTER: RouterManifest = {
  apiVersion: 'fairlead.dev/v1',
  kind: 'Router',
  metadata: { name: 'tor' },
  spec: {
    asn: 64512,
    bgp: {
      neighbors: [
        { name: 'open', address: '172.20.0.1', asn: 64500 },
        { name: 'secure', address: 'fd00:20::1', asn: 64500, passwordSecret: 'tor' },
      ],
    },
  },
};

function torSession(password: string): string {
  return `protocol bgp secure {
  local as 64500; neighbor fd00:20::1:1 as 64512; password "${password}";
  connect delay time 1; connect retry time 1; error wait time 1, 2;
  ipv4 { import all; export none; }; ipv6 { import all; export none; };
}`;
}

/** The kubectl commands of the page, by the first words of each. */
async function commands(): Promise<readonly string[]> {
  const blocks = (await blocksOf(PAGE)).filter(({ language }) => language === 'sh');
  return blocks.flatMap(({ text }) => text.trim().split('\n'));
}

/** Runs a command of the page: kubectl, and what is piped into it. */
async function runCommand(lab: Lab, command: string): Promise<string> {
  let input: string | undefined;
  for (const part of command.split(' | ')) {
    const [program, ...args] = part.trim().replaceAll("'", '').split(' ');
    if (program !== 'kubectl') {
      throw new Error(`the page has a command that is not kubectl: ${command}`);
    }
    input = await lab.kubectl(args, input);
  }
  return input ?? '';
}

type Ready = { readonly status: string; readonly reason: string; readonly message: string };

function readyOf({ conditions }: LBNodeStatusStatus): Ready {
  const found = conditions?.find(({ type }) => type === 'RouterReady');
  return { status: found?.status ?? '', reason: found?.reason ?? '', message: found?.message ?? '' };
}

function sessionOf({ router }: LBNodeStatusStatus, name: string): { readonly state: string; readonly since?: string } {
  return router?.sessions?.find((session) => session.name === name) ?? { state: 'absent' };
}

/** BIRD tells one moment a few milliseconds apart, which a new agent sees. */
function expectSameMoment(one: string | undefined, other: string | undefined): void {
  expect(Math.abs(Date.parse(one ?? '') - Date.parse(other ?? ''))).toBeLessThan(500);
}

const isUp =
  (name: string) =>
  (status: LBNodeStatusStatus): boolean =>
    sessionOf(status, name).state === 'Established';

const nothing = (): void => undefined;
const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => silent };

describe('a password of a Router', () => {
  let lab: Lab;
  let node: LabNode;
  let agent: LabProcess;
  let page: readonly string[];
  /** Since when the session without a password is up; it stays so through all of this. */
  let openSince: string | undefined;

  const status = (condition: (status: LBNodeStatusStatus) => boolean): Promise<LBNodeStatusStatus> =>
    untilNodeStatus(lab, node, condition);
  const setPassword = (password: string): Promise<unknown> =>
    lab.kubectl(
      ['patch', 'secret', 'tor', `--namespace=${RELEASE_NAMESPACE}`, '--type=merge'].concat(
        `--patch=${JSON.stringify({ stringData: { password } })}`,
      ),
    );
  async function torPassword(password: string): Promise<void> {
    const file = join(lab.run.directory, 'tor.conf');
    const text = await readFile(file, 'utf8');
    await writeFile(
      file,
      text.replace(/password "[^"]*"/, () => `password "${password}"`),
    );
    await lab.tor.command('configure');
  }

  beforeAll(async () => {
    lab = await startLab({ nodes: 1, tor: { extra: torSession(FIRST) } });
    node = lab.node(1);
    page = await commands();
    await applyAll(lab, [ROUTER]);
    for (const command of page.filter((line) => line.includes(' create role'))) {
      await runCommand(lab, command);
    }
    agent = await lab.startAgent(node);
    await lab.startRouter(node);
    openSince = sessionOf(await status(isUp('open')), 'open').since;
  }, 90_000);

  afterEach(async () => {
    expectSameMoment(sessionOf(await status(isUp('open')), 'open').since, openSince);
  });

  afterAll(() => lab?.close(), 30_000);

  it('that is missing is asked for, and nobody waits for it but its session', async () => {
    const { reason, message } = readyOf(await status((now) => readyOf(now).reason === 'SecretMissing'));
    expect([reason, message]).toEqual(['SecretMissing', expect.stringContaining('the Secret tor is missing')]);
    expect(readyOf(await status(isUp('open'))).status).toBe('False');
  }, 30_000);

  it('counts as soon as its Secret is there', async () => {
    const create = page.find((line) => line.includes('create secret') && !line.includes('|')) ?? '';
    const begin = performance.now();
    await runCommand(lab, create);
    expect(readyOf(await status(isUp('secure'))).reason).toBe('Configured');
    console.log(`from the Secret to the session: ${Math.round(performance.now() - begin)} ms`);
    const show = page.find((line) => line.includes('lbnodestatus')) ?? '';
    expect(await runCommand(lab, show.replace('NODE', node.name))).toContain('BIRD runs the configuration');
  }, 30_000);

  it('that cannot be used is refused, and the old one stays', async () => {
    const { since } = sessionOf(await status(isUp('secure')), 'secure');
    await setPassword(`${FIRST}"`);
    const refused = await status((now) => readyOf(now).reason === 'InvalidValue');
    expect(readyOf(refused).message).toContain('Secret tor: data.password: the password is not allowed');
    expectSameMoment(sessionOf(await status(isUp('secure')), 'secure').since, since);
  }, 30_000);

  it('may be anything else that is printable, which BIRD takes as it is', async () => {
    const text = String.raw`\'{};#/*$(x)%!~`.padEnd(80, '\\');
    await setPassword(text);
    await torPassword(text);
    const changed = await status((now) => /restarts secure/.test(readyOf(now).message) && isUp('secure')(now));
    expect(readyOf(changed).reason).toBe('Configured');
  }, 40_000);

  it('that is changed on both sides ends its session alone, which is said, and the session comes back', async () => {
    const rotate = page.find((line) => line.includes('|')) ?? '';
    expect(rotate).toContain(SECOND);
    await runCommand(lab, rotate);
    const changed = await status((now) => !isUp('secure')(now));
    expect(readyOf(changed).message).toMatch(/the change of \S+Z restarts secure \(password\)$/);
    await torPassword(SECOND);
    await status(isUp('secure'));
  }, 40_000);

  it('stays in use when its Secret is gone, over the end of the agent too', async () => {
    const { since } = sessionOf(await status(isUp('secure')), 'secure');
    await lab.api.delete(`${SECRETS}/tor`);
    const gone = await status((now) => readyOf(now).reason === 'SecretMissing');
    expect(readyOf(gone).message).toContain('until then it stays as it was');
    await agent.kill('SIGTERM');
    agent = await lab.startAgent(node);
    const again = await status((now) => readyOf(now).reason === 'SecretMissing' && isUp('secure')(now));
    expect(readyOf(again).message).toContain('until then it stays as it was');
    expectSameMoment(sessionOf(again, 'secure').since, since);
  }, 40_000);

  it('is in no log, status, event or metric', async () => {
    const told = [
      await agent.log(),
      (await lab.http(node.name, `http://${AGENT_METRICS}/metrics`)).body,
      await lab.kubectl(['get', 'lbnodestatuses,events', '--all-namespaces', '--output=json']),
    ].join('\n');
    expect(told).toContain('SecretMissing');
    const secrets = [FIRST, SECOND].flatMap((text) => [text, Buffer.from(text).toString('base64')]);
    expect(secrets.filter((secret) => told.includes(secret))).toEqual([]);
  });

  describe('is watched', () => {
    let timers: ManualTimers;
    let client: KubeClient;
    let watch: SecretWatch | undefined;
    let changes: (() => void)[] = [];
    /** So many ms pass with each failure. */
    let passes = 0;
    const logger: Logger = { ...silent, debug: () => timers.advance(passes), child: () => logger };

    const start = async (kubeconfig: string): Promise<SecretWatch> => {
      timers = new ManualTimers();
      client = await createKubeClient({ kubeconfig, logger, userAgent: 'fairlead-test/1' });
      watch = new SecretWatch({
        client,
        logger,
        timers,
        signal: new AbortController().signal,
        namespace: RELEASE_NAMESPACE,
        key: 'password',
        changed: () => {
          for (const told of changes.splice(0)) {
            told();
          }
        },
      });
      return watch;
    };
    /** Waits until something is so of a Secret. */
    const until = async (name: string, isSo: (reading: SecretReading | undefined) => boolean): Promise<void> => {
      while (!isSo(watch?.get(name))) {
        await new Promise<void>((resolve) => {
          changes.push(resolve);
        });
      }
    };

    afterEach(async () => {
      watch?.close();
      changes = [];
      await client.close();
    });

    it('by its name, for which a Role with resourceNames is enough; no other can be read', async () => {
      const opened = await start(await lab.agentKubeconfig(node));
      opened.want(['tor', 'other', 'tor,metadata.namespace=kube-system', '../../kube-system/secrets/x']);
      expect(opened.get('tor,metadata.namespace=kube-system')).toEqual({ type: 'missing' });
      expect(opened.get('../../kube-system/secrets/x')).toEqual({ type: 'missing' });
      await until('tor', (reading) => reading?.type === 'missing');
      expect(opened.complete).toBe(false);
      // A server that has just started refuses what it allows a moment later, so this is no verdict at first.
      expect(opened.get('other')).toBeUndefined();
      passes = 11_000;
      await until('other', (reading) => reading?.type === 'forbidden');
      expect(opened.complete).toBe(true);
      const bytes = 'x'.repeat(500_000);
      await lab.api.create(SECRETS, { metadata: { name: 'tor' }, stringData: { password: 'one', more: bytes } });
      await until('tor', (reading) => reading?.type === 'read');
      expect(opened.get('tor')).toEqual({ type: 'read', data: { password: Buffer.from('one').toString('base64') } });
    }, 30_000);

    it('over eight connections at most; what is beyond is read again in its time', async () => {
      const names = Array.from({ length: 10 }, (_, index) => `many-${index}`);
      await Promise.all(
        names.map((name) => lab.api.create(SECRETS, { metadata: { name }, stringData: { password: 'one' } })),
      );
      const opened = await start(lab.kubeconfig);
      opened.want(names);
      await Promise.all(names.map((name) => until(name, (reading) => reading?.type === 'read')));
      expect(opened.watches).toBe(8);
      await Promise.all(['many-0', 'many-9'].map((name) => lab.api.delete(`${SECRETS}/${name}`)));
      await until('many-0', (reading) => reading?.type === 'missing');
      expect(opened.get('many-9')).toMatchObject({ type: 'read' });
      timers.advance(90_000);
      await until('many-9', (reading) => reading?.type === 'missing');
      opened.want(['many-1']);
      expect([opened.watches, opened.get('many-2'), opened.complete]).toEqual([1, undefined, true]);
    }, 30_000);
  });
});
