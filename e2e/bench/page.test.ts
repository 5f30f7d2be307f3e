import { replaceSections } from './page.ts';

const PAGE = `# Figures

Of this machine.

## Speed

old

## Memory

kept

## Why

prose
`;

it('replaces what was measured and keeps the rest, prose included', () => {
  expect(replaceSections(PAGE, [{ title: 'Speed', body: '\nnew\n' }])).toBe(PAGE.replace('old', 'new'));
});

it('puts a new section behind the last one that was measured', () => {
  const sections = [
    { title: 'Speed', body: 'new' },
    { title: 'Loss', body: 'none' },
  ];
  const page = replaceSections(PAGE, sections);
  expect(page.match(/^## .+$/gm)).toEqual(['## Speed', '## Loss', '## Memory', '## Why']);
});

it('changes nothing when written twice', () => {
  const sections = [{ title: 'Loss', body: 'none' }];
  const once = replaceSections(PAGE, sections);
  expect(replaceSections(once, sections)).toBe(once);
  expect(once).toContain('kept');
});
