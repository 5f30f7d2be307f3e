import type { Protocol } from './protocols.ts';
import { readSetting, rulesFor, switchesFor } from './setting.ts';
import type { SettingRules, Settings } from './setting.ts';
import { statementsIn } from './statements.ts';

/**
 * What the kernel protocol does with changes (krt_reconfigure in sysdep/unix/krt.c). It has no session, but while it is
 * away there are no routes to tell.
 */
export const KERNEL_RULES: SettingRules = {
  ...rulesFor('keeps', 'description', 'debug', 'mrtdump', 'persist', 'graceful restart', 'netlink rx buffer'),
  ...rulesFor('restarts', 'kernel table', 'vrf', 'metric', 'learn'),
  ...switchesFor('restarts', 'disabled', 'device routes', 'merge paths'),
  'scan time': { effect: 'restarts', unset: '60' },
};

/** RIP has no sessions; what neighbors must have in common ends their routes where it differs. */
export const RIP_RULES: SettingRules = {
  ...rulesFor('keeps', 'description', 'debug', 'mrtdump', 'ecmp'),
  ...rulesFor('restarts', 'vrf', 'infinity'),
  ...switchesFor('restarts', 'disabled'),
};

/** BFD's times stand with those that use it; what stands here says where it runs. */
export const BFD_RULES: SettingRules = rulesFor('keeps', 'description', 'debug', 'mrtdump');

const CHANNEL_RULES: SettingRules = {
  ...rulesFor('keeps', 'import', 'export', 'import limit', 'receive limit', 'export limit', 'preference', 'debug'),
  ...rulesFor('restarts', 'table'),
};

const CHANNELS: ReadonlySet<string> = new Set(['ipv4', 'ipv6']);

/** The settings of a protocol that has channels and no other blocks that are looked into. */
export function plainSettings({ statements }: Protocol, rules: SettingRules): Settings {
  const settings: Settings = new Map();
  for (const statement of statements) {
    const [first = ''] = statement.head;
    if (CHANNELS.has(first)) {
      settings.set(`channel ${first}`, { effect: 'restarts', value: 'there' });
      for (const inner of statementsIn(statement.block ?? [])) {
        readSetting(settings, inner, CHANNEL_RULES, `${first}: `);
      }
    } else {
      readSetting(settings, statement, rules);
    }
  }
  return settings;
}
