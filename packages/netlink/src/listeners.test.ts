import { Listeners } from './listeners.ts';

describe('Listeners', () => {
  it('calls everybody in order until they are removed', () => {
    const listeners = new Listeners<number>();
    const heard: string[] = [];
    const remove = listeners.add((event) => heard.push(`a${event}`));
    listeners.add((event) => heard.push(`b${event}`));
    listeners.emit(1);
    remove();
    listeners.emit(2);
    listeners.clear();
    listeners.emit(3);
    expect(heard).toEqual(['a1', 'b1', 'b2']);
  });

  it('keeps the same function apart when it is added twice', () => {
    const listeners = new Listeners<number>();
    const heard: number[] = [];
    const listener = (event: number): number => heard.push(event);
    const remove = listeners.add(listener);
    listeners.add(listener);
    remove();
    listeners.emit(1);
    expect(heard).toEqual([1]);
  });

  it('lets the others hear when one throws, and throws on its own afterwards', () => {
    const queueMicrotask = globalThis.queueMicrotask;
    const queued: (() => void)[] = [];
    globalThis.queueMicrotask = (callback) => queued.push(callback);
    try {
      const listeners = new Listeners<number>();
      const heard: number[] = [];
      const failure = new Error('a bug');
      listeners.add(() => {
        throw failure;
      });
      listeners.add((event) => heard.push(event));
      listeners.emit(1);
      expect(heard).toEqual([1]);
      expect(queued).toHaveLength(1);
      expect(queued[0]).toThrow(failure);
    } finally {
      globalThis.queueMicrotask = queueMicrotask;
    }
  });
});
