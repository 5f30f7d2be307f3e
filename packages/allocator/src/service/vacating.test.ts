import { Vacating } from './vacating.ts';

describe('an address that still stands on a Service', () => {
  it('is not said by another before it has gone there', () => {
    const vacating = new Vacating();
    vacating.set('old', ['192.0.2.1', '192.0.2.2']);
    expect(vacating.blocker('new', ['192.0.2.2'], 0)).toEqual({
      key: 'old',
      address: '192.0.2.2',
      inTurn: false,
      since: 0,
    });
    expect(vacating.blocker('elsewhere', ['192.0.2.3'], 0)).toBeUndefined();
    expect(vacating.set('old', ['192.0.2.1', '192.0.2.2'])).toEqual([]);
    expect(vacating.set('old', [])).toEqual(['new']);
    expect(vacating.blocker('new', ['192.0.2.2'], 0)).toBeUndefined();
  });

  it('is no hindrance to the Service that it stands on', () => {
    const vacating = new Vacating();
    vacating.set('self', ['192.0.2.1']);
    expect(vacating.blocker('self', ['192.0.2.1'], 0)).toBeUndefined();
  });

  it('is waited for on every Service that shares it, one after the other', () => {
    const vacating = new Vacating();
    vacating.set('a', ['192.0.2.1']);
    vacating.set('b', ['192.0.2.1']);
    expect(vacating.blocker('new', ['192.0.2.1'], 0)?.key).toBe('a');
    expect(vacating.forget('a')).toEqual(['new']);
    expect(vacating.blocker('new', ['192.0.2.1'], 0)?.key).toBe('b');
    expect(vacating.forget('b')).toEqual(['new']);
    expect(vacating.blocker('new', ['192.0.2.1'], 0)).toBeUndefined();
  });

  it('is let go first by one of those who get what the others had', () => {
    const vacating = new Vacating();
    const addresses = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];
    const keys = ['a', 'b', 'c'];
    keys.forEach((key, index) => vacating.set(key, [addresses[index] ?? '']));
    const turns = keys.map((key, index) => vacating.blocker(key, [addresses[(index + 1) % 3] ?? ''], 0)?.inTurn);
    expect(turns).toEqual([false, false, true]);
  });

  it('is waited for since the wait began, however often that is asked', () => {
    const vacating = new Vacating();
    vacating.set('old', ['192.0.2.1']);
    expect(vacating.blocker('new', ['192.0.2.1'], 1)?.since).toBe(1);
    expect(vacating.blocker('new', ['192.0.2.1'], 2)?.since).toBe(1);
    vacating.set('old', []);
    vacating.set('old', ['192.0.2.1']);
    expect(vacating.blocker('new', ['192.0.2.1'], 3)?.since).toBe(3);
  });

  it('does not bring back who is gone', () => {
    const vacating = new Vacating();
    vacating.set('old', ['192.0.2.1']);
    vacating.blocker('new', ['192.0.2.1'], 0);
    vacating.forget('new');
    expect(vacating.forget('old')).toEqual([]);
  });
});
