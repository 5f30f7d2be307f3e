import {
  eventName,
  eventNamespace,
  eventObject,
  seriesKey,
  type EventInput,
  type EventSeries,
} from './event-series.ts';

const input: EventInput = {
  regarding: { apiVersion: 'v1', kind: 'Service', namespace: 'shop', name: 'web', uid: 'u' },
  type: 'Normal',
  reason: 'AddressAssigned',
  action: 'Allocate',
  note: '192.0.2.10',
};
const reporter = { reportingController: 'fairlead.dev/allocator', reportingInstance: 'pod' };
const at = Date.parse('2026-01-02T03:04:05.678Z');
const series = (change: Partial<EventSeries>): EventSeries => ({
  input,
  name: 'web.1',
  firstAt: at,
  lastAt: at,
  count: 1,
  writtenCount: 0,
  writtenAt: undefined,
  ...change,
});

describe('event', () => {
  it('stands beside its object, and in default where the object has no namespace', () => {
    expect(eventNamespace(input.regarding)).toBe('shop');
    expect(eventNamespace({ apiVersion: 'v1', kind: 'Node', name: 'a' })).toBe('default');
  });

  it('has a series only when it was repeated', () => {
    expect(eventObject(series({}), reporter)).toMatchObject({ eventTime: '2026-01-02T03:04:05.678000Z' });
    expect(eventObject(series({}), reporter).series).toBeUndefined();
    expect(eventObject(series({ count: 3, lastAt: at + 1_000 }), reporter).series).toEqual({
      count: 3,
      lastObservedTime: '2026-01-02T03:04:06.678000Z',
    });
  });

  it('names the other object that it has to do with', () => {
    const related = { apiVersion: 'fairlead.dev/v1', kind: 'ServiceGroup', name: 'lan' };
    expect(eventObject(series({ input: { ...input, related } }), reporter).related).toEqual(related);
    expect(eventObject(series({}), reporter)).not.toHaveProperty('related');
  });

  it('cuts a note at the limit of the API and not inside a character', () => {
    const { note = '' } = eventObject(series({ input: { ...input, note: 'é'.repeat(1_000) } }), reporter);
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1_024);
    expect(note).toMatch(/^é{510}…$/);
  });

  it('has a name that is valid however long the name of its object', () => {
    const name = eventName('n'.repeat(253), at, 0.5);
    expect(name).toHaveLength(253);
    expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
  });

  it('folds with what is equal, or about the same topic, and with nothing else', () => {
    expect(seriesKey({ ...input })).toBe(seriesKey(input));
    expect(seriesKey({ ...input, note: 'other' })).not.toBe(seriesKey(input));
    expect(seriesKey({ ...input, topic: 't', note: 'other' })).toBe(seriesKey({ ...input, topic: 't' }));
    expect(seriesKey({ ...input, topic: input.note })).not.toBe(seriesKey(input));
    expect(seriesKey({ ...input, regarding: { ...input.regarding, uid: 'v' } })).not.toBe(seriesKey(input));
  });
});
