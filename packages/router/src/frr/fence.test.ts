import { findForeignCommand } from './fence.ts';

const find = (text: string) => findForeignCommand(text, '/run/fairlead/router');

describe('a rendered configuration', () => {
  it.each([
    'log file /etc/cron.d/x',
    ' dump bgp all ../elsewhere',
    'banner motd file /etc/shadow',
    'do write',
    'start-shell bash',
    '  copy a b',
  ])('may not say %s', (command) => {
    expect(find(`router bgp 64512\n${command}\n`)).toMatchObject({ line: 2 });
  });

  it('may write into its own folder, and configure', () => {
    expect(find('log file frr.log\nrouter bgp 64512\n neighbor 192.0.2.254 description do\n')).toBeUndefined();
  });
});
