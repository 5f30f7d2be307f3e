import { join } from 'node:path';
import { REPOSITORY, startControlPlane } from '../lab/index.ts';
import type { ControlPlane } from '../lab/index.ts';
import { blocksOf, pages } from './page.ts';

let plane: ControlPlane;

beforeAll(async () => {
  const deploy = join(REPOSITORY, 'deploy');
  plane = await startControlPlane({ manifests: [join(deploy, 'crds'), join(deploy, 'rbac.yaml')] });
}, 60_000);

afterAll(async () => {
  await plane.close();
});

const blocks = (await Promise.all((await pages()).map(blocksOf))).flat().filter(({ language }) => language === 'yaml');

describe('a real API server takes the YAML of the pages as it stands there:', () => {
  // Objects of one block may need one another: a Namespace and what is in it. So they are made, and taken away again.
  it.each(blocks.map((block) => [`${block.file}:${block.line}`, block.text]))('%s', async (_where, text) => {
    const made = await plane.kubectl(['apply', '--filename=-', '--output=name', '--validate=strict'], text);
    expect(made).not.toBe('');
    await plane.kubectl(['delete', '--wait=false', '--filename=-'], text);
  });
});
