import { Screen } from './screen.ts';

function recorded(): { screen: Screen; text: () => string; advance: (ms: number) => void } {
  let now = 1000;
  const parts: string[] = [];
  const screen = new Screen({ write: (text) => parts.push(text), clock: () => now });
  return { screen, text: () => parts.join(''), advance: (ms) => (now += ms) };
}

it('shows seconds since its start beside each step', () => {
  const { screen, text, advance } = recorded();
  advance(2340);
  screen.step('nodes');
  expect(text()).toBe('    2.3 s  nodes\n');
});

it('remembers a statement that was not true', () => {
  const { screen, text } = recorded();
  screen.check('nothing moved', true);
  screen.check('nothing was lost', false);
  expect(screen.verdicts.map(({ holds }) => holds)).toEqual([true, false]);
  expect(text()).toContain('not true');
});

it('leaves out a time that does not apply', () => {
  const { screen, text } = recorded();
  screen.milliseconds('in the ToR', null);
  screen.milliseconds('in status', 4.25);
  expect(text().trim().split('\n')).toHaveLength(1);
  expect(text()).toMatch(/in status +4\.3 ms/);
});
