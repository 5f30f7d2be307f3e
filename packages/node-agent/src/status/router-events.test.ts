import type { EventInput } from '@fairlead/kube';
import type { ConfigurationState, RouterStatus } from '@fairlead/router';
import { RouterEvents } from './router-events.ts';

const STATUS: RouterStatus = {
  daemon: 'BIRD',
  router: 'rack-1',
  configuration: { type: 'current' },
  connected: true,
  version: '2.0.12',
  sessions: [],
  problems: [],
  lastReset: undefined,
};
const ROUTER = { name: 'rack-1', uid: 'u' };
const CURRENT: ConfigurationState = { type: 'current' };
const WAITING: ConfigurationState = { type: 'waiting', message: 'no BIRD' };
const FAILED: ConfigurationState = { type: 'failed', message: 'EROFS' };
const refused = (message: string): ConfigurationState => ({ type: 'refused', fault: { message, template: undefined } });

/** The events of a sequence of configurations of one Router. */
function events(...configurations: readonly ConfigurationState[]): EventInput[] {
  const recorded: EventInput[] = [];
  const told = new RouterEvents({ node: 'node-1', recorder: { record: (event) => recorded.push(event) } });
  for (const configuration of configurations) {
    told.update({ ...STATUS, configuration }, ROUTER);
  }
  return recorded;
}

const reasons = (...configurations: readonly ConfigurationState[]): string[] =>
  events(...configurations).map(({ reason }) => reason);

test('an event names the Router, the node and the line to mend', () => {
  expect(events(refused('bgp.hbs:3: no'))).toEqual([
    {
      regarding: { apiVersion: 'fairlead.dev/v1', kind: 'Router', name: 'rack-1', uid: 'u' },
      related: { apiVersion: 'v1', kind: 'Node', name: 'node-1' },
      type: 'Warning',
      reason: 'RouterConfigRefused',
      action: 'Configure',
      note: 'node node-1: bgp.hbs:3: no; the last good configuration stays',
    },
  ]);
});

test.each<[string, readonly ConfigurationState[], readonly string[]]>([
  ['all is well from the beginning', [WAITING, CURRENT, CURRENT], []],
  ['the same is said once', [refused('a'), refused('a')], ['RouterConfigRefused']],
  ['another line is another event', [refused('a'), refused('b')], ['RouterConfigRefused', 'RouterConfigRefused']],
  ['it is mended', [refused('a'), CURRENT], ['RouterConfigRefused', 'RouterConfigAccepted']],
  ['BIRD was away in between', [refused('a'), WAITING, refused('a')], ['RouterConfigRefused']],
  ['another trouble', [FAILED, refused('a')], ['RouterConfigFailed', 'RouterConfigRefused']],
])('%s', (_, configurations, expected) => {
  expect(reasons(...configurations)).toEqual(expected);
});

test('a part that cannot be used is told, and what was said of another Router is forgotten', () => {
  const recorded: string[] = [];
  const told = new RouterEvents({ node: 'node-1', recorder: { record: ({ reason }) => recorded.push(reason) } });
  const problem = {
    reason: 'SecretMissing',
    sentence: 'the Secret tor cannot be read',
    path: 'spec.bgp.neighbors[0].passwordSecret',
    object: { kind: 'Router', name: 'rack-1' },
  } as const;
  told.update({ ...STATUS, problems: [problem] }, ROUTER);
  told.update({ ...STATUS, problems: [problem] }, { name: 'rack-2', uid: 'v' });
  told.update(STATUS, undefined);
  told.update(STATUS, ROUTER);
  expect(recorded).toEqual(['RouterConfigIncomplete', 'RouterConfigIncomplete']);
});
