import type { Protocol } from './protocols.ts';
import { readSetting, rulesFor, switchesFor } from './setting.ts';
import type { SettingRules, Settings } from './setting.ts';
import { statementsIn } from './statements.ts';
import type { Statement } from './statements.ts';

/**
 * BIRD 2.0 compares all settings of a BGP protocol at once (bgp_reconfigure in proto/bgp/bgp.c) and restarts it where one
 * differs, timers that are not running included; those that keep it are the few that it looks at apart. Defaults are
 * those of bgp_proto_start in proto/bgp/config.Y.
 */
const RULES: SettingRules = {
  ...rulesFor('keeps', 'description', 'debug', 'mrtdump', 'check link'),
  ...rulesFor(
    'restarts',
    'interface',
    'password',
    'router id',
    'vrf',
    'neighbor range',
    'dynamic name',
    'dynamic name digits',
    'rr cluster id',
    'confederation',
    'local role',
    'min hold time',
    'keepalive time',
    'min keepalive time',
    'default bgp_local_pref',
    'default bgp_med',
    'allow local as',
    'enable extended messages',
    'advertise hostname',
    'disable after cease',
    'long lived graceful restart',
    'long lived stale time',
  ),
  ...switchesFor(
    'restarts',
    'disabled',
    'passive',
    'strict bind',
    'free bind',
    'ttl security',
    'rr client',
    'rs client',
    'confederation member',
    'prefer older',
    'deterministic med',
    'med metric',
    'allow bgp_local_pref',
    'allow as sets',
    'require roles',
    'disable after error',
  ),
  // The neighbor, whose BFD is not told of the end, takes silence for a broken line and ends the session (measured).
  bfd: { effect: 'keeps', unset: 'off', whenGone: 'may restart' },
  'hold time': { effect: 'restarts', unset: '240' },
  'startup hold time': { effect: 'restarts', unset: '240' },
  'connect delay time': { effect: 'restarts', unset: '5' },
  'connect retry time': { effect: 'restarts', unset: '120' },
  'error wait time': { effect: 'restarts', unset: '60, 300' },
  'error forget time': { effect: 'restarts', unset: '300' },
  'graceful restart': { effect: 'restarts', unset: 'aware' },
  'graceful restart time': { effect: 'restarts', unset: '120' },
  capabilities: { effect: 'restarts', unset: 'on' },
  'enable route refresh': { effect: 'restarts', unset: 'on' },
  'enable as4': { effect: 'restarts', unset: 'on' },
  'interpret communities': { effect: 'restarts', unset: 'on' },
  'enforce first as': { effect: 'restarts', unset: 'off' },
  'path metric': { effect: 'restarts', unset: 'on' },
  'igp metric': { effect: 'restarts', unset: 'on' },
};

/** The same for a channel (channel_reconfigure in nest/proto.c, bgp_channel_reconfigure in proto/bgp/bgp.c). */
const CHANNEL_RULES: SettingRules = {
  ...rulesFor(
    'keeps',
    'import',
    'export',
    'import limit',
    'receive limit',
    'export limit',
    'import keep filtered',
    'rpki reload',
    'preference',
    'debug',
    'next hop',
    'gateway',
    'cost',
    'aigp',
  ),
  ...rulesFor(
    'restarts',
    'table',
    'base table',
    'igp table',
    'graceful restart',
    'long lived graceful restart',
    'long lived stale time',
  ),
  ...switchesFor('restarts', 'secondary', 'validate', 'extended next hop', 'add paths', 'import table', 'export table'),
  // Ends only a session in which the neighbor has not the family.
  mandatory: { effect: 'may restart', unset: 'off' },
};

/** Words with which a channel begins. */
export const CHANNELS: ReadonlySet<string> = new Set([
  'ipv4',
  'ipv6',
  'vpn4',
  'vpn6',
  'flow4',
  'flow6',
  'roa4',
  'roa6',
  'mpls',
]);

const DEFAULT_PORT = '179';
/** Hops of an internal session where neither `direct` nor `multihop` is written. */
const DEFAULT_HOPS = 'multihop 64';

/** The settings of a BGP protocol. */
export function bgpSettings({ statements }: Protocol): Settings {
  const settings: Settings = new Map();
  for (const statement of statements) {
    readStatement(settings, statement);
  }
  settings.set('multihop', { effect: 'restarts', value: hopsOf(settings) });
  return settings;
}

function readStatement(settings: Settings, statement: Statement): void {
  const { head } = statement;
  const [first = '', second = ''] = head;
  const set = (name: string, value: string, unset?: string): void => {
    settings.set(name, { effect: 'restarts', value, unset });
  };
  if (CHANNELS.has(first)) {
    const channel = head.join(' ');
    set(`channel ${channel}`, 'there');
    for (const inner of statementsIn(statement.block ?? [])) {
      readSetting(settings, inner, CHANNEL_RULES, `${channel}: `);
    }
  } else if (first === 'local' && second !== 'role') {
    readEnd('local', head.slice(1), set);
  } else if (first === 'neighbor' && second !== 'range') {
    readEnd('neighbor', head.slice(1), set);
  } else if (first === 'source' && second === 'address') {
    set('local address', head.slice(2).join(' '));
  } else if (first === 'direct') {
    set('multihop', 'direct');
  } else if (first === 'multihop') {
    set('multihop', head.length === 1 ? DEFAULT_HOPS : head.join(' '));
  } else {
    readSetting(settings, statement, RULES);
  }
}

/** One end of the session: `[address] [port N] [as N | internal | external]`, in any order. */
function readEnd(
  end: 'local' | 'neighbor',
  words: readonly string[],
  set: (name: string, value: string, unset?: string) => void,
): void {
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word === 'port') {
      index += 1;
      set(`${end} port`, words[index] ?? '', DEFAULT_PORT);
    } else if (word === 'as') {
      index += 1;
      set(`${end} AS`, words[index] ?? '');
    } else if (word === 'internal' || word === 'external') {
      set(`${end} AS`, word);
    } else {
      set(`${end} address`, word);
    }
  }
}

function hopsOf(settings: Settings): string {
  const written = settings.get('multihop')?.value;
  if (written !== undefined) {
    return written;
  }
  const neighbor = settings.get('neighbor AS')?.value;
  const isInternal = neighbor === 'internal' || neighbor === settings.get('local AS')?.value;
  return isInternal ? DEFAULT_HOPS : 'direct';
}
