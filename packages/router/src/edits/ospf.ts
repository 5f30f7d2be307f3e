import { parseAddress } from '@fairlead/api';
import type { Protocol } from './protocols.ts';
import { readSetting, rulesFor, switchesFor } from './setting.ts';
import type { SettingRules, Settings } from './setting.ts';
import { statementsIn } from './statements.ts';
import type { Statement } from './statements.ts';

/** What OSPF does with changes of its own settings (ospf_reconfigure in proto/ospf/ospf.c). */
const RULES: SettingRules = {
  ...rulesFor('keeps', 'description', 'debug', 'mrtdump', 'ecmp', 'stub router', 'tick', 'merge external'),
  ...rulesFor('restarts', 'router id', 'vrf', 'instance id'),
  ...switchesFor('restarts', 'disabled', 'rfc1583compat', 'rfc5838', 'vpn pe'),
};

/** Routes in and out; another table is another protocol. */
const CHANNEL_RULES: SettingRules = {
  ...rulesFor('keeps', 'import', 'export', 'import limit', 'receive limit', 'export limit', 'preference', 'debug'),
  ...rulesFor('restarts', 'table'),
};

/** Of an area; whatever else stands in it is not known here. */
const AREA_RULES: SettingRules = rulesFor('keeps', 'stubnet', 'networks', 'external', 'default cost', 'default cost2');

/**
 * Of an interface (ospf_iface_reconfigure in proto/ospf/iface.c): some make BIRD open it anew, and some are compared by
 * the neighbor (RFC 2328, 10.5), who ends the adjacency until both have the same.
 */
const INTERFACE_RULES: SettingRules = {
  ...rulesFor(
    'keeps',
    'cost',
    'priority',
    'wait',
    'retransmit',
    'transmit delay',
    'check link',
    'ecmp weight',
    'rx buffer',
    'tx length',
    'link lsa suppression',
    'bfd',
    'poll',
  ),
  ...rulesFor('restarts', 'type', 'ttl security', 'tx class', 'tx dscp', 'tx priority'),
  ...switchesFor('restarts', 'stub', 'real broadcast', 'ptp netmask'),
  hello: { effect: 'may restart', unset: '10' },
  dead: { effect: 'may restart' },
  'dead count': { effect: 'may restart', unset: '4' },
  authentication: { effect: 'may restart', unset: 'none' },
  password: { effect: 'may restart' },
};

const CHANNELS: ReadonlySet<string> = new Set(['ipv4', 'ipv6']);

/** The settings of an OSPF protocol, those of its areas and interfaces by their names. */
export function ospfSettings({ statements }: Protocol): Settings {
  const settings: Settings = new Map();
  for (const statement of statements) {
    const [first = '', id = ''] = statement.head;
    if (first === 'area') {
      readArea(settings, `area ${areaName(id)}`, statement);
    } else if (CHANNELS.has(first)) {
      for (const inner of statementsIn(statement.block ?? [])) {
        readSetting(settings, inner, CHANNEL_RULES, `${first}: `);
      }
    } else {
      readSetting(settings, statement, RULES);
    }
  }
  return settings;
}

function readArea(settings: Settings, area: string, { block }: Statement): void {
  for (const statement of statementsIn(block ?? [])) {
    const { head } = statement;
    if (head[0] !== 'interface') {
      readSetting(settings, statement, AREA_RULES, `${area}: `);
      continue;
    }
    const name = `${area} ${head.join(' ')}`;
    settings.set(name, { effect: 'restarts', value: 'there', whenNew: 'keeps' });
    for (const inner of statementsIn(statement.block ?? [])) {
      readSetting(settings, inner, INTERFACE_RULES, `${name}: `);
    }
  }
}

/** `0.0.0.51` and `51` are one area. */
function areaName(id: string): string {
  try {
    return id.includes('.') ? String(parseAddress(id).value) : id;
  } catch {
    return id;
  }
}
