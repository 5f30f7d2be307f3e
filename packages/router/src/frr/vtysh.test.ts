import { parseFaults } from './vtysh.ts';

describe('what vtysh says of a file', () => {
  it('is a line that is no command', () => {
    const stderr =
      'line 7: % Unknown command[42]:  neighbor 192.0.2.254 hold tight\nline 9: % Command incomplete[42]: set\n';
    expect(parseFaults({ stdout: '', stderr })).toEqual([
      { line: 7, type: 'syntax', message: 'Unknown command', together: [] },
      { line: 9, type: 'syntax', message: 'Command incomplete', together: [] },
    ]);
  });

  it('is a line that a daemon refused, in its words', () => {
    const stderr = 'line 12: Failure to communicate[13] to bgpd, line: router bgp 64513\n\n';
    const stdout = '% BGP is already running; AS is 64512\n';
    expect(parseFaults({ stdout, stderr })).toEqual([
      { line: 12, type: 'refused', message: 'bgpd refuses it: BGP is already running; AS is 64512', together: [] },
    ]);
  });

  it('is said by some daemons without a sign before it', () => {
    const stderr = 'line 36: Failure to communicate[13] to ospfd, line: ip ospf area 0.0.0.51\n\n';
    const stdout = 'Must remove previous area config before changing ospf area \n';
    expect(parseFaults({ stdout, stderr })).toMatchObject([
      { line: 36, message: 'ospfd refuses it: Must remove previous area config before changing ospf area' },
    ]);
  });

  it('is a transaction that a daemon refused as a whole, however often vtysh says so', () => {
    const said = `% Configuration failed.

Error type: validation
Error description: only inactive interfaces can be deleted
The following commands were dynamically grouped into the same transaction and rejected:
- no ip prefix-list web permit 10.1.0.0/24
- no interface eth0
`;
    expect(parseFaults({ stdout: said.repeat(3), stderr: '' })).toEqual([
      {
        line: undefined,
        type: 'refused',
        message: 'FRR refuses it: only inactive interfaces can be deleted',
        together: ['no ip prefix-list web permit 10.1.0.0/24', 'no interface eth0'],
      },
    ]);
  });

  it('is nothing where it only misses its own configuration', () => {
    const stderr = "% Can't open configuration file /run/vtysh.conf due to 'No such file or directory'.\n";
    expect(parseFaults({ stdout: '', stderr })).toEqual([]);
  });
});
