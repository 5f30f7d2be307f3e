import type { Refusal } from '@fairlead/api';
import type { ServiceView } from '@fairlead/ipam';
import { sameWish } from '@fairlead/ipam';

interface Told {
  readonly uid: string;
  /** The Service as it was then; undefined when it has had what it wants since. */
  readonly view: ServiceView | undefined;
  readonly refusal: Refusal;
  readonly topic: string;
}

/**
 * Which refusals of a Service are one topic, so that their events fold into one series. A Service that stays stuck is one
 * topic, however often groups and neighbours change and the sentence with them; a new topic begins when its user asks for
 * something else and is refused for another reason, for that answer is waited for. After it had what it wants a new topic
 * begins as well, unless the very same is said again: who goes to and fro is not told of it each time.
 */
export class RefusalTopics {
  readonly #told = new Map<string, Told>();

  /** The topic of a refusal that is told now. */
  topicOf(view: ServiceView, refusal: Refusal): string {
    const { key, uid, resourceVersion } = view;
    const last = this.#told.get(key);
    const topic = last?.uid === uid && isSameTopic(last, view, refusal) ? last.topic : resourceVersion;
    this.#told.set(key, { uid, view, refusal, topic });
    return topic;
  }

  /** The Service has what it wants. */
  over(key: string): void {
    const last = this.#told.get(key);
    if (last !== undefined) {
      this.#told.set(key, { ...last, view: undefined });
    }
  }

  /** The Service is gone. */
  forget(key: string): void {
    this.#told.delete(key);
  }
}

function isSameTopic({ view: before, refusal }: Told, view: ServiceView, { token, sentence }: Refusal): boolean {
  return before === undefined
    ? refusal.token === token && refusal.sentence === sentence
    : refusal.token === token || sameWish(before, view);
}
