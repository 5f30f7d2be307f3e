import { now } from '@fairlead/e2e/lab';
import type { Lab, ServiceObject } from '@fairlead/e2e/lab';
import { ingressOf } from '../../scene/observe.ts';
import { Sightings } from '../main-job/sightings.ts';

const SERVICES = '/api/v1/namespaces/default/services';

/** A Service that has an address. */
export interface Assigned {
  readonly at: number;
  readonly address: string;
}

/** When Services that are made from now on have an address, and when they are gone, as a watch of this process shows it. */
export class ServiceWatch implements Disposable {
  readonly assigned = new Sightings<Assigned>();
  readonly deleted = new Sightings<number>();
  readonly #end = new AbortController();

  /** Sees everything that happens after this call, and nothing of what is there: there may be ten thousand. */
  static async start(lab: Lab): Promise<ServiceWatch> {
    const list = await lab.api.get<{ metadata: { resourceVersion: string } }>(`${SERVICES}?limit=1`);
    const watch = new ServiceWatch();
    void watch.#follow(lab, list.metadata.resourceVersion);
    return watch;
  }

  [Symbol.dispose](): void {
    this.#end.abort();
  }

  async #follow(lab: Lab, resourceVersion: string): Promise<void> {
    const { signal } = this.#end;
    try {
      for await (const { type, object } of lab.api.watch<ServiceObject>(SERVICES, { signal, resourceVersion })) {
        this.#see(type === 'DELETED', object);
      }
    } catch {
      // Aborted at the end, or cut: then whoever waits for a sighting says so.
    }
  }

  #see(gone: boolean, service: ServiceObject): void {
    const at = now();
    const { name } = service.metadata;
    const [address] = ingressOf(service);
    if (gone) {
      this.deleted.record(name, at);
    } else if (address !== undefined) {
      this.assigned.record(name, { at, address });
    }
  }
}
