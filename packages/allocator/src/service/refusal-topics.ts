import type { Refusal } from '@fairlead/api';
import type { ServiceView } from '@fairlead/ipam';
import { sameWish } from '@fairlead/ipam';

interface Told {
  readonly view: ServiceView;
  readonly token: Refusal['token'];
  readonly topic: string;
}

/**
 * Which refusals of a Service are one topic, so that their events fold into one series. A Service that stays stuck is one
 * topic, however often groups and neighbours change and the sentence with them; a new topic begins when its user asks for
 * something else and is refused for another reason, for that answer is waited for.
 */
export class RefusalTopics {
  readonly #told = new Map<string, Told>();

  /** The topic of a refusal that is told now. */
  topicOf(view: ServiceView, { token }: Refusal): string {
    const last = this.#told.get(view.key);
    const isSame = last?.view.uid === view.uid && (last.token === token || sameWish(last.view, view));
    const topic = isSame ? last.topic : view.resourceVersion;
    this.#told.set(view.key, { view, token, topic });
    return topic;
  }

  /** The Service has what it wants, or is gone. */
  forget(key: string): void {
    this.#told.delete(key);
  }
}
