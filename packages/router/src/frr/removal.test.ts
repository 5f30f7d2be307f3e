import { takeAway } from './removal.ts';
import { VTY_STATUS } from './vty-replies.ts';

/** A daemon that knows some commands, and what it was told. */
function daemonThatKnows(...commands: readonly string[]) {
  const told: string[] = [];
  const known = new Set(['configure terminal', 'exit', 'exit-address-family', 'end', ...commands]);
  const command = (text: string) => {
    told.push(text);
    const status = known.has(text) ? VTY_STATUS.success : VTY_STATUS.unknown;
    return Promise.resolve({ status, text: '' });
  };
  return { told, command };
}

const removals = (...texts: readonly string[]) => texts.map((text) => ({ text, line: 0 }));

describe('what is taken away from a daemon', () => {
  it('is tried without its last words where the whole is unknown', async () => {
    const daemon = daemonThatKnows('no neighbor tor timers');
    await takeAway(daemon, removals('no neighbor tor timers 3 9'));
    expect(daemon.told).toEqual([
      'configure terminal',
      'no neighbor tor timers 3 9',
      'no neighbor tor timers 3',
      'no neighbor tor timers',
      'end',
    ]);
  });

  it('may be one word', async () => {
    const daemon = daemonThatKnows('no bfd');
    await takeAway(daemon, removals('no bfd'));
    expect(daemon.told).toContain('no bfd');
  });

  it('is never a whole kind of thing', async () => {
    const daemon = daemonThatKnows();
    await takeAway(daemon, removals('no router bgp 64512', 'bgp default ipv4-unicast'));
    expect(daemon.told).not.toContain('no router');
    expect(daemon.told).not.toContain('bgp');
  });

  it('is nothing of a block that the daemon does not know, with all that is inside', async () => {
    const daemon = daemonThatKnows('interface eth0', 'no ip ospf cost 10');
    await takeAway(
      daemon,
      removals(
        'router bgp 64512',
        'address-family ipv4 unicast',
        'no neighbor tor activate',
        'exit-address-family',
        'no neighbor tor remote-as 64513',
        'exit',
        'interface eth0',
        'no ip ospf cost 10',
        'exit',
      ),
    );
    expect(daemon.told).toEqual([
      'configure terminal',
      'router bgp 64512',
      'interface eth0',
      'no ip ospf cost 10',
      'exit',
      'end',
    ]);
  });
});
