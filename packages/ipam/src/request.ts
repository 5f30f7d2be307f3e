import type { Address, IPFamily, Refusal } from '@fairlead/api';
import { AddressError, formatAddress, parseAddress } from '@fairlead/api';
import { refusalOfService } from './refusal.ts';
import type { ServiceView } from './service.ts';

/** The addresses that a Service asks for, by family; or why they make no sense. */
export type Request =
  | { readonly ok: true; readonly addresses: ReadonlyMap<IPFamily, bigint> }
  | { readonly ok: false; readonly refusal: Refusal };

const NOTHING: Request = { ok: true, addresses: new Map() };

/**
 * Reads the annotation `fairlead.dev/addresses`, or else `spec.loadBalancerIP`: one address a family, separated by commas;
 * spaces, empty items and repeats are fine.
 */
export function parseRequest(service: ServiceView): Request {
  const fromAnnotation = service.addresses !== undefined && /[^\s,]/.test(service.addresses);
  const text = fromAnnotation ? service.addresses : service.loadBalancerIP;
  if (text === undefined || text === '') {
    return NOTHING;
  }
  const source = fromAnnotation ? 'The annotation fairlead.dev/addresses' : 'spec.loadBalancerIP';
  const addresses = new Map<IPFamily, bigint>();
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  for (const item of items) {
    const address = readItem(item);
    if (address instanceof AddressError) {
      return refuse(service, 'InvalidAddress', `${source} cannot be read: ${address.message}`);
    }
    const other = addresses.get(address.family);
    if (other !== undefined && other !== address.value) {
      const both = [other, address.value]
        .map((value) => formatAddress({ family: address.family, value }))
        .join(' and ');
      return refuse(service, 'TwoOfOneFamily', `${source} has ${both}; leave one ${address.family} address`);
    }
    if (!service.families.includes(address.family)) {
      const has = service.families.join(' and ');
      return refuse(
        service,
        'FamilyNotInService',
        `${source} asks for ${formatAddress(address)}, but the Service has ${has} only; ask for an address of that family, or change spec.ipFamilyPolicy`,
      );
    }
    addresses.set(address.family, address.value);
  }
  return { ok: true, addresses };
}

function readItem(item: string): Address | AddressError {
  try {
    return parseAddress(item);
  } catch (error) {
    if (error instanceof AddressError) {
      return error;
    }
    throw error;
  }
}

function refuse(service: ServiceView, token: Refusal['token'], sentence: string): Request {
  return { ok: false, refusal: refusalOfService(service, token, sentence) };
}
