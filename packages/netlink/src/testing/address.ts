/** For tests: addresses as text. */
import ipaddr from 'ipaddr.js';
import type { Address, Prefix } from '../address.ts';

/** The address that the text names. */
export function address(text: string): Address {
  const parsed = ipaddr.parse(text);
  const value = BigInt(`0x${Buffer.from(parsed.toByteArray()).toString('hex')}`);
  return { family: parsed.kind() === 'ipv4' ? 'IPv4' : 'IPv6', value };
}

/** The prefix that the text names. */
export function prefix(text: string): Prefix {
  const [network = '', length] = text.split('/');
  return { address: address(network), length: Number(length) };
}
