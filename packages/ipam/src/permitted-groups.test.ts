import { array, assert, constantFrom, dictionary, property, record, subarray } from 'fast-check';
import { matchesSelector } from '@fairlead/api';
import { Group } from './group.ts';
import { PermittedGroups } from './permitted-groups.ts';
import { groupView, serviceView } from './test-cluster.ts';

const key = constantFrom('a', 'b', 'toString');
const value = constantFrom('', '1', '2');
const labels = dictionary(key, value);
const selector = record(
  {
    matchLabels: labels,
    matchExpressions: array(
      record({
        key,
        operator: constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'),
        values: subarray(['', '1', '2']),
      }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: [] },
);
const assign = record({ namespaceSelector: selector, serviceSelector: selector }, { requiredKeys: [] });

describe('the groups that a Service may draw from', () => {
  it('are those whose selectors select it, whatever was asked before', () => {
    assert(
      property(
        array(assign, { maxLength: 4 }),
        array(record({ service: labels, namespace: labels }), { maxLength: 10 }),
        (assigns, questions) => {
          const groups = assigns.map(
            (one, index) => new Group(groupView(`g${index}`, { assign: one }), [], [], () => false, undefined),
          );
          const permitted = new PermittedGroups(groups);
          for (const { service, namespace } of questions) {
            const view = serviceView('s', { labels: service });
            const expected = groups.filter(
              ({ view: { spec } }) =>
                matchesSelector(spec.assign.serviceSelector, service) &&
                matchesSelector(spec.assign.namespaceSelector, namespace),
            );
            expect(permitted.of(view, namespace).map(({ name }) => name)).toEqual(expected.map(({ name }) => name));
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
