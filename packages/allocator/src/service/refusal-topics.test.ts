import type { Refusal } from '@fairlead/api';
import type { ServiceView } from '@fairlead/ipam';
import { EXAMPLE_SERVICE as view } from './example.ts';
import { RefusalTopics } from './refusal-topics.ts';

const full: Refusal = { token: 'PoolExhausted', sentence: 'full' };
const draining: Refusal = { token: 'GroupDraining', sentence: 'draining' };

/** The topics of refusals told one after the other, numbered in the order in which they first come. */
function topics(...told: readonly (readonly [Partial<ServiceView>, Refusal])[]): number[] {
  const asked = new RefusalTopics();
  const found = told.map(([change, refusal], index) =>
    asked.topicOf({ ...view, resourceVersion: String(index), ...change }, refusal),
  );
  const distinct = [...new Set(found)];
  return found.map((topic) => distinct.indexOf(topic));
}

describe('refusals are one topic', () => {
  it('while the Service asks for the same, whatever the reason', () => {
    expect(topics([{}, full], [{}, { ...full, sentence: 'still full' }], [{}, draining], [{}, full])).toEqual([
      0, 0, 0, 0,
    ]);
  });

  it('while the reason is the same, whatever the Service asks for', () => {
    expect(topics([{ group: 'a' }, full], [{ group: 'b' }, full], [{ group: 'c' }, full])).toEqual([0, 0, 0]);
  });

  it('and another one where the Service asks for something else and is refused for another reason', () => {
    expect(topics([{ group: 'a' }, full], [{ group: 'b' }, draining])).toEqual([0, 1]);
  });

  it('and another one where the Service is another', () => {
    expect(topics([{}, full], [{ uid: 'v' }, full])).toEqual([0, 1]);
  });

  it('and another one after the Service had what it wanted, unless the very same is said again', () => {
    const asked = new RefusalTopics();
    const before = asked.topicOf(view, full);
    asked.over(view.key);
    expect(asked.topicOf({ ...view, resourceVersion: '8' }, full)).toBe(before);
    asked.over(view.key);
    expect(asked.topicOf({ ...view, resourceVersion: '9' }, { ...full, sentence: 'full, as is another' })).toBe('9');
    asked.forget(view.key);
    expect(asked.topicOf({ ...view, resourceVersion: '10' }, full)).toBe('10');
  });
});
