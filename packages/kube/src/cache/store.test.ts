import { Store, type Change, type Projected } from './store.ts';

interface Thing extends Projected {
  readonly node: string;
}

const thing = (key: string, resourceVersion: string, uid = key, node = 'n'): Thing => ({
  key,
  uid,
  resourceVersion,
  node,
});
const mapOf = (...things: readonly Thing[]): Map<string, Thing> => new Map(things.map((each) => [each.key, each]));

function watched() {
  const store = new Store<Thing, 'node'>({ indices: { node: ({ node }) => [node] } });
  const changes: string[] = [];
  store.subscribe((change: Change<Thing>) => changes.push(describeChange(change)));
  return { store, changes: () => changes.splice(0) };
}

function describeChange(change: Change<Thing>): string {
  switch (change.type) {
    case 'added':
      return `+${change.object.key}@${change.object.resourceVersion}`;
    case 'updated':
      return `~${change.object.key}@${change.previous.resourceVersion}-${change.object.resourceVersion}`;
    case 'deleted':
      return `-${change.previous.key}@${change.previous.resourceVersion}`;
    default:
      return change.type;
  }
}

describe('store', () => {
  it('tells additions, updates and deletions with what was before', () => {
    const { store, changes } = watched();
    store.set(thing('a', '1'));
    store.set(thing('a', '2'));
    store.delete('a');
    store.delete('a');
    expect(changes()).toEqual(['+a@1', '~a@1-2', '-a@2']);
  });

  it('takes the same version again as no change and keeps the object that it has', () => {
    const { store, changes } = watched();
    const first = thing('a', '1');
    store.set(first);
    store.set(thing('a', '1'));
    store.replace(mapOf(thing('a', '1')));
    expect(changes()).toEqual(['+a@1', 'synced']);
    expect(store.get('a')).toBe(first);
  });

  it('tells an object that was deleted and made anew in a gap as deleted and added', () => {
    const { store, changes } = watched();
    store.set(thing('a', '1', 'first'));
    store.replace(mapOf(thing('a', '2', 'second')));
    expect(changes()).toEqual(['+a@1', '-a@1', '+a@2', 'synced']);
  });

  it('replaces everything, deletions first, then says synced', () => {
    const { store, changes } = watched();
    store.replace(mapOf(thing('a', '1'), thing('b', '1')));
    expect(changes()).toEqual(['+a@1', '+b@1', 'synced']);
    store.replace(mapOf(thing('b', '2'), thing('c', '1')));
    expect(changes()).toEqual(['-a@1', '~b@1-2', '+c@1', 'synced']);
    expect(store.size).toBe(2);
  });

  it('finds objects by index as they move between values', () => {
    const { store } = watched();
    store.set(thing('a', '1', 'a', 'x'));
    store.set(thing('b', '1', 'b', 'x'));
    store.set(thing('a', '2', 'a', 'y'));
    expect(store.by('node', 'x').map(({ key }) => key)).toEqual(['b']);
    expect(store.by('node', 'y').map(({ key }) => key)).toEqual(['a']);
    store.set(thing('b', '2', 'b', 'y'));
    expect(store.by('node', 'x')).toEqual([]);
    expect(store.by('node', 'y').map(({ key }) => key)).toEqual(['a', 'b']);
    store.delete('a');
    expect(store.by('node', 'y').map(({ key }) => key)).toEqual(['b']);
    store.delete('b');
    expect(store.by('node', 'y')).toEqual([]);
  });

  it('shows the new state to listeners, and to nobody who has left', () => {
    const { store } = watched();
    const seen: (string | undefined)[] = [];
    const leave = store.subscribe(() => seen.push(store.get('a')?.resourceVersion));
    store.set(thing('a', '1'));
    leave();
    store.set(thing('a', '2'));
    expect(seen).toEqual(['1']);
  });
});
