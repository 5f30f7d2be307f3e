import { SharedValues } from './shared-values.ts';

describe('values that many objects have alike', () => {
  it('are one value', () => {
    const shared = new SharedValues();
    const ports = shared.list(['TCP/80', 'TCP/443']);
    expect(shared.list(['TCP/80', 'TCP/443'])).toBe(ports);
    expect(shared.list(['TCP/80'])).toEqual(['TCP/80']);
    expect(shared.list(['["TCP/80","TCP/443"]'])).toEqual(['["TCP/80","TCP/443"]']);
    expect(shared.list([])).toEqual([]);
    expect(shared.text('a sentence')).toBe('a sentence');
  });

  it('are forgotten before they are too many', () => {
    const shared = new SharedValues();
    const first = shared.list(['0']);
    const all = Array.from({ length: 3_000 }, (_, index) => shared.list([String(index)]));
    expect(all[0]).toBe(first);
    expect(all.map(([text]) => text)).toEqual(all.map((_, index) => String(index)));
    expect(shared.list(['0'])).not.toBe(first);
  });
});
