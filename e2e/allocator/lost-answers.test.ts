import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { ChaosProxy, FAIR_WEATHER, type RequestInfo } from '../kube/chaos-proxy.ts';
import { AllocatorCluster, addressesOf, conditionOf } from './cluster.ts';
import { ServiceJudge } from './judge.ts';

const COUNT = 60;

/** As it is in a kubeconfig of the lab. */
interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: { server: string; readonly 'certificate-authority-data': string } }];
}

let cluster: AllocatorCluster;

beforeAll(async () => {
  cluster = await AllocatorCluster.start({ audit: true });
  await cluster.group('default', { pools: [{ range: '192.0.2.0/24' }] });
}, 60_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

it('a write whose answer is lost is not done twice, and gives nobody a second address', async () => {
  const { plane } = cluster;
  const account = { namespace: 'fairlead-system', name: 'fairlead-allocator' };
  const config = parse(await readFile(await plane.serviceAccountKubeconfig(account), 'utf8')) as Kubeconfig;
  const access = config.clusters[0].cluster;
  const ca = Buffer.from(access['certificate-authority-data'], 'base64').toString('utf8');
  await using proxy = await ChaosProxy.start({ server: plane.server, ca });
  access.server = `http://127.0.0.1:${proxy.port}`;
  const kubeconfig = join(plane.run.directory, 'lost-answers.kubeconfig');
  await writeFile(kubeconfig, stringify(config), { mode: 0o600 });
  // The server has written when the answer's head comes; of each Service the first answer ends there.
  const lost = new Set<string>();
  const losesAnswer = ({ method, url: { pathname } }: RequestInfo): boolean => {
    const isFirst = method === 'PATCH' && pathname.endsWith('/status') && !lost.has(pathname);
    if (isFirst) {
      lost.add(pathname);
    }
    return isFirst && pathname.includes('/services/');
  };
  proxy.weather = {
    ...FAIR_WEATHER,
    body: (info) => (losesAnswer(info) ? { type: 'cut', afterBytes: 0 } : undefined),
  };
  await cluster.allocator({ identity: 'unheard', kubeconfig, flags: ['--leader-elect=false'] });
  await using judge = await ServiceJudge.start(plane.api);
  const names = Array.from({ length: COUNT }, (_, index) => `service-${index}`);
  await Promise.all(names.map((name) => cluster.create(name)));
  await judge.untilEach(
    'an address for everybody',
    (service) => conditionOf(service)?.status === 'True' && addressesOf(service).length === 1,
  );
  await cluster.untilGroup('default', ({ status }) => status?.allocatedIPv4 === String(COUNT));
  // Whatever was tried again for the sake of the lost answers was refused, or saw that there was nothing to do.
  const writes = (await cluster.audit.writes('unheard')).filter(({ resource }) => resource === 'services');
  const done = writes.filter(({ code }) => code === 200).map(({ name }) => name);
  expect(done.toSorted()).toEqual(names.toSorted());
  expect(writes.filter(({ code }) => code !== 200 && code !== 409)).toEqual([]);
  expect([...lost].filter((path) => path.includes('/services/'))).toHaveLength(COUNT);
  expect(judge.violations).toEqual([]);
});
