import { expect, test } from '@jest/globals';
import { withFigures } from './page.ts';

const PAGE = '# Reliability\n\nProse.\n\n<!-- measured: local -->\n<!-- /measured: local -->\n\n## In the simulator\n';
const header = ['Scenario', 'Gap, ms', 'On'];
const names = ['first', 'second'];

function written(page: string, rows: readonly string[][], machine = '2 cores'): string {
  return withFigures(page, { subject: 'local', header, rows, names, machine });
}

test('figures come between the marks, and what is around them stays', () => {
  const page = written(PAGE, [['first', '1 / 2', 'today']]);
  expect(page).toContain('| first    | 1 / 2   | today |');
  expect(page).toContain('Measured on 2 cores.');
  expect(page.startsWith('# Reliability\n\nProse.\n\n<!-- measured: local -->')).toBe(true);
  expect(page.endsWith('<!-- /measured: local -->\n\n## In the simulator\n')).toBe(true);
});

test('a scenario that was not measured now keeps its row, in the order of the scenarios', () => {
  const before = written(PAGE, [['second', '5', 'yesterday']]);
  const page = written(before, [['first', '7', 'today']]);
  expect(page.indexOf('| first ')).toBeLessThan(page.indexOf('| second '));
  expect(page).toMatch(/\| second +\| 5 +\| yesterday \|/);
  expect(written(page, [])).toBe(page);
});

test('a scenario that was measured again has its new row alone', () => {
  const page = written(written(PAGE, [['first', '7', 'today']]), [['first', '8', 'later']]);
  expect(page.match(/\| first /g)).toHaveLength(1);
  expect(page).toMatch(/\| first +\| 8 +\| later \|/);
});

test('a scenario that there is no more, and figures of another machine, are left out', () => {
  const gone = withFigures(PAGE, {
    subject: 'local',
    header,
    rows: [['third', '1', 'today']],
    names: ['third'],
    machine: '2 cores',
  });
  expect(written(gone, [])).not.toContain('third');
  const other = written(PAGE, [['first', '7', 'today']], '64 cores');
  expect(written(other, [['second', '9', 'today']])).not.toContain('| first');
});

test('an empty cell stays empty', () => {
  const page = written(PAGE, [['first', '', 'today']]);
  expect(written(page, [['second', '1', 'today']])).toMatch(/\| first +\| +\| today \|/);
});

test('a page without a place for the table is refused', () => {
  expect(() => written('# Reliability\n', [])).toThrow('<!-- measured: local -->');
});

test('each kind of addresses has a table of its own, and the other one stays', () => {
  const both = `${PAGE}\n<!-- measured: virtual -->\n<!-- /measured: virtual -->\n`;
  const local = written(both, [['first', '1', 'today']]);
  const page = withFigures(local, {
    subject: 'virtual',
    header: ['Scenario', 'On'],
    rows: [['routed', 'today']],
    names: ['routed'],
    machine: '2 cores',
  });
  expect(page).toContain(local.slice(0, local.indexOf('<!-- measured: virtual -->')));
  expect(page).toContain('| routed   | today |');
});
