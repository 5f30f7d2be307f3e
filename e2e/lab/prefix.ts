import { BlockList } from 'node:net';

/** Does a destination as `ip route` prints it (an address, a prefix, `default`) cover the address? */
export function covers(destination: string, address: string): boolean {
  if (destination === 'default') return true;
  const family = address.includes(':') ? 'ipv6' : 'ipv4';
  if (destination.includes(':') !== address.includes(':')) return false;
  const [network = '', length] = destination.split('/');
  const list = new BlockList();
  list.addSubnet(network, length === undefined ? (family === 'ipv6' ? 128 : 32) : Number(length), family);
  return list.check(address, family);
}
