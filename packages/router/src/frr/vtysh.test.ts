import { parseFaults } from './vtysh.ts';

describe('what vtysh says of a file', () => {
  it('is a line that is no command', () => {
    const stderr =
      'line 7: % Unknown command[42]:  neighbor 192.0.2.254 hold tight\nline 9: % Command incomplete[42]: set\n';
    expect(parseFaults({ stdout: '', stderr })).toEqual([
      { line: 7, type: 'syntax', message: 'Unknown command' },
      { line: 9, type: 'syntax', message: 'Command incomplete' },
    ]);
  });

  it('is a line that a daemon refused, in its words', () => {
    const stderr = 'line 12: Failure to communicate[13] to bgpd, line: router bgp 64513\n\n';
    const stdout = '% BGP is already running; AS is 64512\n';
    expect(parseFaults({ stdout, stderr })).toEqual([
      { line: 12, type: 'refused', message: 'bgpd refuses it: BGP is already running; AS is 64512' },
    ]);
  });

  it('is nothing where it only misses its own configuration', () => {
    const stderr = "% Can't open configuration file /run/vtysh.conf due to 'No such file or directory'.\n";
    expect(parseFaults({ stdout: '', stderr })).toEqual([]);
  });
});
