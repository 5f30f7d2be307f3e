import { API_VERSION, EVENT_REASONS } from '@fairlead/api';
import type { EventReason } from '@fairlead/api';
import type { EventRecorder, ObjectReference } from '@fairlead/kube';
import type { RouterStatus } from '@fairlead/router';

export interface RouterEventsOptions {
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly node: string;
}

/** What is wrong with a configuration, as an event says it. */
interface Trouble {
  readonly reason: EventReason;
  readonly sentence: string;
}

/** The Router that a status is about. */
export interface RouterIdentity {
  readonly name: string;
  readonly uid: string | undefined;
}

/**
 * Says on the Router what stands in the way of its configuration on this node: once for each trouble that is another one,
 * however often it is met, and once when there is none any more.
 */
export class RouterEvents {
  readonly #options: RouterEventsOptions;
  #said: Trouble | undefined;
  #about: string | undefined;

  constructor(options: RouterEventsOptions) {
    this.#options = options;
  }

  /** The router's status is another one. */
  update(status: RouterStatus, router: RouterIdentity | undefined): void {
    if (router?.name !== this.#about) {
      // What was said of another Router says nothing of this one.
      this.#said = undefined;
      this.#about = router?.name;
    }
    const { type } = status.configuration;
    if (router === undefined || type === 'unknown' || type === 'waiting') {
      return;
    }
    const trouble = troubleOf(status);
    if (trouble?.reason === this.#said?.reason && trouble?.sentence === this.#said?.sentence) {
      return;
    }
    this.#said = trouble;
    if (trouble === undefined) {
      const sentence = `${status.daemon} runs the configuration of the Router`;
      this.#record(router, 'Normal', { reason: EVENT_REASONS.routerConfigAccepted, sentence });
    } else {
      this.#record(router, 'Warning', trouble);
    }
  }

  #record({ name, uid }: RouterIdentity, type: 'Normal' | 'Warning', { reason, sentence }: Trouble): void {
    const { recorder, node } = this.#options;
    const regarding: ObjectReference = {
      apiVersion: API_VERSION,
      kind: 'Router',
      name,
      ...(uid === undefined ? {} : { uid }),
    };
    const related: ObjectReference = { apiVersion: 'v1', kind: 'Node', name: node };
    recorder.record({ regarding, related, type, reason, action: 'Configure', note: `node ${node}: ${sentence}` });
  }
}

function troubleOf({ configuration, problems }: RouterStatus): Trouble | undefined {
  switch (configuration.type) {
    case 'refused':
      return {
        reason: EVENT_REASONS.routerConfigRefused,
        sentence: `${configuration.fault.message}; the last good configuration stays`,
      };
    case 'failed':
      return { reason: EVENT_REASONS.routerConfigFailed, sentence: configuration.message };
    case 'unknown':
    case 'waiting':
    case 'current':
      return problems.length === 0
        ? undefined
        : {
            reason: EVENT_REASONS.routerConfigIncomplete,
            sentence: problems.map(({ sentence }) => sentence).join('. '),
          };
    default:
      return configuration satisfies never;
  }
}
