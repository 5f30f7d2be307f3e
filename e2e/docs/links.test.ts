import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { REPOSITORY } from '../lab/index.ts';
import { pages } from './page.ts';

const texts = new Map(
  await Promise.all(
    (await pages()).map(async (file): Promise<[string, string]> => [
      file,
      await readFile(join(REPOSITORY, file), 'utf8'),
    ]),
  ),
);

/** The anchor that a heading has on the pages of Git forges. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}

function anchorsOf(file: string): ReadonlySet<string> {
  const headings = [...(texts.get(file) ?? '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return new Set(headings.map(anchorOf));
}

/** Whether the link of a page leads to a file or folder of the repository, and to a heading where it names one. */
function leads(file: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? file : join(dirname(file), path);
  return existsSync(join(REPOSITORY, target)) && (anchor === undefined || anchorsOf(target).has(anchor));
}

it.each([...texts.keys()])('links of %s lead somewhere', (file) => {
  expect(statSync(join(REPOSITORY, file)).size).toBeGreaterThan(0);
  const links = [...(texts.get(file) ?? '').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  expect(links.filter((link) => !/^https?:/.test(link) && !leads(file, link))).toEqual([]);
});
