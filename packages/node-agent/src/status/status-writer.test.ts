import { changedFields } from './status-writer.ts';

test('nothing changed, nothing is sent', () => {
  const status = { localCount: 1, subnets: ['192.0.2.0/24'] };
  expect(changedFields(status, { ...status, subnets: ['192.0.2.0/24'] })).toEqual({});
});

test('only what changed is sent, and what is gone as null', () => {
  expect(
    changedFields({ localCount: 1, virtualCount: 2, truncated: true }, { localCount: 2, virtualCount: 2 }),
  ).toEqual({
    localCount: 2,
    truncated: null,
  });
});

test('a label that the node lost is named, because a merge patch would keep it', () => {
  expect(changedFields({ nodeLabels: { a: '1', b: '2' } }, { nodeLabels: { a: '1' } })).toEqual({
    nodeLabels: { a: '1', b: null },
  });
});
