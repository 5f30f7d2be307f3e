import { EVENT_REASONS, formatAddress } from '@fairlead/api';
import type { Address, EventReason } from '@fairlead/api';
import type { EventRecorder, ObjectReference } from '@fairlead/kube';
import { parseKey } from '@fairlead/kube';
import type { Restored } from '../apply/restoration.ts';
import type { Timers } from '../apply/timers.ts';
import { LEASE_STALE_MS } from '../election/constants.ts';
import type { HolderEvent, WithdrawReason } from '../election/types.ts';
import { addressKey } from '../plan/keys.ts';
import type { AddressKey } from '../plan/keys.ts';
import type { Departed } from './departures.ts';

/** Above so many restored addresses at once, one event on the Node says it for all. */
const EACH = 10;
/** So long restorations are gathered. */
const GATHER_MS = 50;

const WITHDRAWN: Readonly<Record<WithdrawReason, string>> = {
  unwanted: 'no Service needs it here any more',
  'two-holders': 'another node has it as well and ranks higher',
  moved: 'its successor has announced it',
  conflict: 'a station that is no node of this cluster uses it',
  gone: 'somebody removed it from the kernel',
};

export interface AnnouncementsOptions {
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly timers: Timers;
  readonly node: string;
  /** uid of the Node; undefined while it is not known. */
  readonly nodeUID: () => string | undefined;
  /** uid of a Service by its key. */
  readonly serviceUID: (key: string) => string | undefined;
  readonly servicesOf: (key: AddressKey) => readonly string[];
  /** The Service that needed an address last, where none does any more; told once. */
  readonly departed: (key: AddressKey) => Departed | undefined;
  readonly interfaceName: (index: number) => string;
  readonly dummyInterface: () => string;
}

/** Says on Services and on the Node what happened to addresses. */
export class Announcements {
  readonly #options: AnnouncementsOptions;
  /** Local addresses that others removed: their next announcement is a restoration. */
  readonly #gone = new Set<AddressKey>();
  #restored: Restored[] = [];

  constructor(options: AnnouncementsOptions) {
    this.#options = options;
  }

  /** A local address was removed by others. */
  localGone(address: Address): void {
    this.#gone.add(addressKey(address));
  }

  /** Something happened to a local address. */
  local(event: HolderEvent): void {
    const { node, interfaceName, departed } = this.#options;
    const address = formatAddress(event.address);
    const where = `${interfaceName(event.interfaceIndex)} of node ${node}`;
    const last = event.type === 'withdrawn' ? departed(addressKey(event.address)) : undefined;
    const concerned =
      event.services.length === 0 && last !== undefined
        ? [{ service: last.key, uid: last.uid }]
        : event.services.map((service) => ({ service }));
    const say = (type: 'Normal' | 'Warning', reason: EventReason, action: string, note: string): void => {
      for (const each of concerned) {
        this.#record(each, { type, reason, action, note });
      }
    };
    switch (event.type) {
      case 'announced':
        if (this.#gone.delete(addressKey(event.address))) {
          say(
            'Warning',
            EVENT_REASONS.addressRestored,
            'Restore',
            `${address} was removed from ${where} by others; it is back`,
          );
        } else {
          say('Normal', EVENT_REASONS.addressAnnounced, 'Announce', `${address} is on ${where}`);
        }
        return;
      case 'withdrawn':
        if (event.reason !== 'gone') {
          this.#gone.delete(addressKey(event.address));
          say(
            'Normal',
            EVENT_REASONS.addressWithdrawn,
            'Withdraw',
            `${address} is off ${where}: ${WITHDRAWN[event.reason]}`,
          );
        }
        return;
      case 'conflict': {
        const what = event.held ? 'has begun to use it as well' : 'uses it, so it is not taken';
        const note = `${address}: the station ${event.mac} on the LAN of ${where}, no node of this cluster, ${what}; take the address from it or out of the pool`;
        say('Warning', EVENT_REASONS.addressConflict, 'Announce', note);
        return;
      }
      case 'holder-unfit':
        say(
          'Warning',
          EVENT_REASONS.holderUnfit,
          'Watch',
          `${address} is on node ${event.node}, which answers on the LAN but whose agent has not renewed its Lease for ${LEASE_STALE_MS / 1000} s: look after that node, or switch it off; with announce.takeOver: Force another node takes the address all the same`,
        );
        return;
      case 'no-successor':
        say(
          'Warning',
          EVENT_REASONS.noSuccessor,
          'HandOver',
          `${address} stays on ${where}: it should hand over, and no other node can take it`,
        );
    }
  }

  /** Something virtual was removed by others. */
  virtual(restored: Restored): void {
    this.#restored.push(restored);
    if (this.#restored.length === 1) {
      this.#options.timers.after(GATHER_MS, () => {
        this.#sayRestored(this.#restored);
        this.#restored = [];
      });
    }
  }

  #sayRestored(all: readonly Restored[]): void {
    const { node, servicesOf, dummyInterface } = this.#options;
    const where = `${dummyInterface()} of node ${node}`;
    const addresses = all.filter((each) => each.type === 'address');
    const others = all.length - addresses.length;
    const record = (to: { readonly service?: string }, note: string): void => {
      this.#record(to, { type: 'Warning', reason: EVENT_REASONS.addressRestored, action: 'Restore', note });
    };
    if (addresses.length <= EACH) {
      for (const { key, address, contested } of addresses) {
        for (const service of servicesOf(key)) {
          record({ service }, `${formatAddress(address)} was removed from ${where} by others; ${outcome(contested)}`);
        }
      }
    }
    if (others > 0 || addresses.length > EACH) {
      const contested = all.some((each) => each.contested);
      record(
        {},
        `${all.length} of our interfaces, addresses and routes were removed from ${where} by others; ${outcome(contested)}`,
      );
    }
  }

  /** @param to the Service, and its uid where the plan may have forgotten it; without one, the Node */
  #record(
    { service, uid: known }: { readonly service?: string; readonly uid?: string },
    event: {
      readonly type: 'Normal' | 'Warning';
      readonly reason: EventReason;
      readonly action: string;
      readonly note: string;
    },
  ): void {
    const { recorder, node, nodeUID, serviceUID } = this.#options;
    const uid = known ?? (service === undefined ? nodeUID() : serviceUID(service));
    const object: ObjectReference =
      service === undefined
        ? { apiVersion: 'v1', kind: 'Node', name: node }
        : { apiVersion: 'v1', kind: 'Service', ...parseKey(service) };
    recorder.record({ regarding: { ...object, ...(uid === undefined ? {} : { uid }) }, ...event });
  }
}

function outcome(contested: boolean): string {
  return contested ? 'this has happened too often, so it is put back once a minute only' : 'it is put back';
}
