import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ALLOCATOR_ANNOTATIONS, API_VERSION, EVENT_REASONS, SERVICE_ANNOTATIONS } from '@fairlead/api';
import type { RefusalObject, RefusalToken } from '@fairlead/api';
import { REPOSITORY } from '../lab/index.ts';
import { AllocatorCluster, conditionOf } from './cluster.ts';
import type { RunningAllocator } from './cluster.ts';

const CLI = join(REPOSITORY, 'packages', 'cli', 'src', 'main.ts');
const run = promisify(execFile);

let cluster: AllocatorCluster;
let allocator: RunningAllocator;

beforeAll(async () => {
  cluster = await AllocatorCluster.start();
  await cluster.group('one', { pools: [{ range: '198.51.100.1' }], assign: { auto: false } });
  allocator = await cluster.allocator({ flags: ['--leader-elect=false'] });
}, 60_000);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

interface RefusalLine {
  readonly message: string;
  readonly service: string;
  readonly reason: RefusalToken;
  readonly sentence: string;
  readonly object: RefusalObject;
}

/** What the allocator has logged of refusals of the Service. */
async function refusalsLogged(service: string): Promise<readonly RefusalLine[]> {
  const lines = (await allocator.process.log()).split('\n').filter((line) => line.startsWith('{'));
  return lines
    .map((line) => JSON.parse(line) as RefusalLine)
    .filter((line) => line.message === 'A Service is refused' && line.service === service);
}

const asking = (annotations: Readonly<Record<string, string>>) => ({ annotations });

describe('a refusal', () => {
  it.each([
    [
      'group',
      asking({ [SERVICE_ANNOTATIONS.serviceGroup]: 'one' }),
      'PoolExhausted',
      { kind: 'ServiceGroup', name: 'one' },
      { apiVersion: API_VERSION, kind: 'ServiceGroup', name: 'one' },
    ],
    [
      'service',
      asking({ [SERVICE_ANNOTATIONS.addresses]: '198.51.100.1' }),
      'AddressInUse',
      { kind: 'Service', namespace: 'default', name: 'service' },
      undefined,
    ],
  ] as const)(
    'whose cure is in a %s says the same in condition, annotation, event, log and `kubectl fairlead why`',
    async (name, input, token, object, related) => {
      if (name === 'group') {
        await cluster.create('holder', asking({ [SERVICE_ANNOTATIONS.serviceGroup]: 'one' }));
        await cluster.untilAddresses('holder', ['198.51.100.1']);
      }
      await cluster.create(name, input);
      const refused = await cluster.untilRefused(name, token);
      const sentence = conditionOf(refused)?.message ?? '';
      expect(sentence).not.toBe('');
      expect(refused.metadata.annotations?.[ALLOCATOR_ANNOTATIONS.reason]).toBe(sentence);
      const event = await cluster.untilEvent(name, EVENT_REASONS.allocationFailed);
      expect(event.note).toBe(`${token}: ${sentence}`);
      expect(event.related).toEqual(related);
      const logged = await refusalsLogged(`default/${name}`);
      expect(logged).toMatchObject([{ reason: token, sentence, object }]);
      const { stdout } = await run(process.execPath, [CLI, 'why', name, '--kubeconfig', cluster.plane.kubeconfig]);
      expect(stdout.split('\n').slice(0, 2)).toEqual([`default/${name}: no address`, `${token}: ${sentence}`]);
    },
  );

  it('is logged once a change, however often the Service is edited and its write tried again', async () => {
    await cluster.create('edited', asking({ [SERVICE_ANNOTATIONS.serviceGroup]: 'one' }));
    await Promise.all(
      Array.from({ length: 20 }, (_, edit) =>
        cluster.patch('edited', { metadata: { labels: { [`edit-${edit}`]: '' } } }),
      ),
    );
    await cluster.untilRefused('edited', 'PoolExhausted');
    await cluster.patch('edited', { metadata: { annotations: { [ALLOCATOR_ANNOTATIONS.reason]: null } } });
    await cluster.until('edited', ({ metadata }) => metadata.annotations?.[ALLOCATOR_ANNOTATIONS.reason] !== undefined);
    await cluster.patch('edited', { metadata: asking({ [SERVICE_ANNOTATIONS.serviceGroup]: 'nowhere' }) });
    await cluster.untilRefused('edited', 'GroupNotFound');
    await allocator.process.waitForLog(/There is no ServiceGroup/);
    const logged = await refusalsLogged('default/edited');
    expect(logged.map(({ reason }) => reason)).toEqual(['PoolExhausted', 'GroupNotFound']);
  });
});
