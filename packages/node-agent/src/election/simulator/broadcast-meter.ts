import type { SentFrame } from '../protocol.ts';

/** What an interface may broadcast: so many at once after a pause, and so many a second. */
const BUCKET = { burst: 100, perSecond: 500 };

/** Counts an agent's broadcasts by a bucket of its own. */
export class BroadcastMeter {
  #tokens = BUCKET.burst;
  #at = 0;
  #life: object | undefined;

  /**
   * Counts the frame, if it goes to all.
   * @param life the agent: another one begins with a full bucket
   * @returns whether that was one too many
   */
  exceeds(frame: SentFrame, now: number, life: object | undefined): boolean {
    if (frame.type === 'question' && typeof frame.to === 'object') {
      return false;
    }
    const full = life !== this.#life;
    this.#life = life;
    const refilled = this.#tokens + ((now - this.#at) * BUCKET.perSecond) / 1000;
    this.#at = now;
    this.#tokens = (full ? BUCKET.burst : Math.min(BUCKET.burst, refilled)) - 1;
    return this.#tokens < -1;
  }
}
