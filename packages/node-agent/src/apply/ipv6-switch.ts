import { readFileSync, writeFileSync } from 'node:fs';

/** Whether interfaces of this network namespace have IPv6 at all: the sysctl `net.ipv6.conf.NAME.disable_ipv6`. */
export interface IPv6Switch {
  /** `all` is for all of them. One that cannot be read counts as on. */
  isOff(name: string): boolean;
  /** @returns whether it is on now; in a container `/proc/sys` is read-only as a rule */
  switchOn(name: string): boolean;
  /** What a user has to set, as sysctl(8) takes it. */
  assignment(name: string): string;
}

const CONF = '/proc/sys/net/ipv6/conf';

/** The switches of this process's network namespace. */
export function systemIPv6Switch(): IPv6Switch {
  return {
    isOff: (name) => {
      try {
        return readFileSync(pathOf(name), 'utf8').trim() === '1';
      } catch {
        // No IPv6 in this kernel, or no such interface any more: that is told of where it matters.
        return false;
      }
    },
    switchOn: (name) => {
      try {
        writeFileSync(pathOf(name), '0');
        return true;
      } catch {
        return false;
      }
    },
    // Dots in the name of an interface are slashes there.
    assignment: (name) => `net.ipv6.conf.${name.replaceAll('.', '/')}.disable_ipv6=0`,
  };
}

function pathOf(name: string): string {
  return `${CONF}/${name}/disable_ipv6`;
}
