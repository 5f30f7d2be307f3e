import { RESOURCES } from '../crds.ts';
import {
  ADDRESSES_ALLOCATED,
  ALLOCATOR_ANNOTATIONS,
  API_VERSION,
  CLAIM_ANNOTATIONS,
  EVENT_REASONS,
  EXCLUDE_LABEL,
  NODE_ANNOTATIONS,
  SERVICE_ANNOTATIONS,
} from '../names.ts';
import { ALLOCATED_REASONS, REFUSALS } from '../refusals.ts';
import type { RefusalConcern, RefusalExplanation } from '../refusals.ts';
import type { ResourceDefinition } from '../schema/definition.ts';
import { LB_NODE_AGENT_REASONS } from '../validation/lb-node-agent.ts';
import type { Explanations } from '../validation/problem.ts';
import { ROUTER_REASONS } from '../validation/router.ts';
import { SERVICE_GROUP_REASONS } from '../validation/service-group.ts';
import {
  ALLOCATOR_ANNOTATION_TEXTS,
  CLAIM_ANNOTATION_TEXTS,
  EVENT_TEXTS,
  NODE_ANNOTATION_TEXTS,
  SERVICE_ANNOTATION_TEXTS,
} from './annotations.ts';
import { defaultText, fieldRows, limitText, meaningText, refusalTexts, typeText } from './fields.ts';
import { code, page, table } from './markdown.ts';

/** One generated page of docs/reference. */
export interface ReferencePage {
  /** Name of the file. */
  readonly file: string;
  readonly title: string;
  readonly text: string;
}

const GENERATED = '<!-- Generated from packages/api by `npm run generate`; edit there. -->';

/** Reasons of `Ready` by kind. */
const READY_REASONS: Readonly<Record<string, Explanations>> = {
  ServiceGroup: SERVICE_GROUP_REASONS,
  LBNodeAgent: LB_NODE_AGENT_REASONS,
  Router: ROUTER_REASONS,
};

function explanationTable(explanations: Explanations): string {
  return table(
    ['Reason', 'Meaning', 'What to do'],
    Object.entries(explanations).map(([reason, { meaning, cure }]) => [code(reason), meaning, cure]),
  );
}

function resourcePage(definition: ResourceDefinition): ReferencePage {
  const { kind, plural, shortNames, description, spec, status } = definition;
  const rows = [
    ...(spec === undefined ? [] : fieldRows(spec.schema, 'spec', true)),
    ...(status === undefined ? [] : fieldRows(status.schema, 'status', false)),
  ];
  const refused = rows.flatMap((row) => refusalTexts(row.schema).map((sentence) => [code(row.path), sentence]));
  const reasons = READY_REASONS[kind];
  const names = [plural, ...shortNames].map((name) => code(name)).join(', ');
  const text = page(
    GENERATED,
    `# ${kind}`,
    description,
    `${code(`apiVersion: ${API_VERSION}`)}, cluster-scoped; for kubectl ${names}.`,
    '## Fields',
    table(
      ['Field', 'Type', 'Default', 'Limits', 'Meaning'],
      rows.map((row) => [
        code(row.path),
        typeText(row.schema),
        defaultText(row),
        limitText(row.schema),
        meaningText(row.schema),
      ]),
    ),
    refused.length === 0 ? '' : '## Refused by the API server',
    refused.length === 0 ? '' : table(['Field', 'Sentence'], refused),
    reasons === undefined ? '' : '## Condition `Ready`',
    reasons === undefined
      ? ''
      : 'What the API server cannot judge is said by this condition. It is `True` with `Valid` and `False` with every other reason.',
    reasons === undefined ? '' : explanationTable(reasons),
  );
  return { file: `${kind.toLowerCase()}.md`, title: kind, text };
}

function annotationRows<K extends string>(
  names: Readonly<Record<K, string>>,
  texts: Readonly<Record<K, readonly [string, string]>>,
): string[][] {
  return (Object.keys(names) as K[]).map((key) => [code(names[key]), texts[key][0], texts[key][1]]);
}

function annotationsPage(): ReferencePage {
  const head = ['Annotation', 'Value', 'Meaning'];
  const title = 'Annotations and labels';
  const text = page(
    GENERATED,
    `# ${title}`,
    '## On a Service, written by you',
    table(head, annotationRows(SERVICE_ANNOTATIONS, SERVICE_ANNOTATION_TEXTS)),
    '## On a Service, written by the allocator',
    table(head, annotationRows(ALLOCATOR_ANNOTATIONS, ALLOCATOR_ANNOTATION_TEXTS)),
    '## On a claim, written by node agents',
    'A claim is the Lease `fairlead-claim-ADDRESS` in the namespace of the release; `spec.holderIdentity` is the node that has the address.',
    table(head, annotationRows(CLAIM_ANNOTATIONS, CLAIM_ANNOTATION_TEXTS)),
    '## On a Node',
    table(head, annotationRows(NODE_ANNOTATIONS, NODE_ANNOTATION_TEXTS)),
    table(['Label', 'Meaning'], [[code(EXCLUDE_LABEL), 'The node hands its addresses over and takes none.']]),
  );
  return { file: 'annotations.md', title, text };
}

function eventsPage(): ReferencePage {
  const keys = Object.keys(EVENT_REASONS) as (keyof typeof EVENT_REASONS)[];
  const text = page(
    GENERATED,
    '# Events',
    'Events are on the Service, those that begin with `Router` on the Router. Repeated ones fold into one series, which is written at most once every five minutes; so do the refusals of a Service that is stuck, whatever their sentences. Virtual addresses have no events of their nodes: every node has them.',
    table(
      ['Reason', 'Type', 'By', 'Meaning'],
      keys.map((key) => [
        code(EVENT_REASONS[key]),
        EVENT_TEXTS[key].type,
        EVENT_TEXTS[key].by,
        EVENT_TEXTS[key].meaning,
      ]),
    ),
  );
  return { file: 'events.md', title: 'Events', text };
}

/** Sections of the page of refusals. */
const CONCERNS: Readonly<Record<RefusalConcern, string>> = {
  group: 'The group has none for it',
  request: 'The address that it asks for',
  sharing: 'Sharing an address',
  circumstances: 'Something else is in the way',
};

/** Everybody who reads the page has a Service in mind: these are the places where it says the reason. */
const WHERE = [
  ['`kubectl describe service NAME`', `the annotation ${code(ALLOCATOR_ANNOTATIONS.reason)}, and an event`],
  ['`kubectl fairlead why NAME`', 'reason and sentence, what they mean and what to do'],
  [
    "`kubectl get service NAME -o jsonpath='{.status.conditions}'`",
    `the condition ${code(ADDRESSES_ALLOCATED)}: its \`reason\` is one of the words below, its \`message\` the sentence`,
  ],
  [
    'the log of the allocator',
    'a line `A Service is refused` with the fields `service`, `reason`, `sentence` and `object`',
  ],
] as const;

const REASONS: Readonly<Record<string, RefusalExplanation>> = REFUSALS;

function reasonsOf(concern: string): [string, RefusalExplanation][] {
  return Object.entries(REASONS).filter(([, explanation]) => explanation.concern === concern);
}

function refusalSection(reason: string, { meaning, cure, example }: RefusalExplanation): string {
  return [`### ${code(reason)}`, `${meaning} For example:`, `> ${example}`, `**What to do:** ${cure}`].join('\n\n');
}

function refusalsPage(): ReferencePage {
  const title = 'Why a Service has no address';
  const contents = Object.entries(CONCERNS).map(([concern, heading]) => {
    const links = reasonsOf(concern).map(([reason]) => `[${code(reason)}](#${reason.toLowerCase()})`);
    return `- **${heading}:** ${links.join(', ')}`;
  });
  const sections = Object.entries(CONCERNS).map(([concern, heading]) =>
    [`## ${heading}`, ...reasonsOf(concern).map((entry) => refusalSection(...entry))].join('\n\n'),
  );
  const text = page(
    GENERATED,
    `# ${title}`,
    'A Service without an address, or without all that it asks for, says why: in one word, and in a sentence that names what it is about. What it had before it keeps. Word and sentence are the same wherever one looks:',
    table(['Where', 'What it says'], WHERE),
    contents.join('\n'),
    'How addresses are given is told in [Allocation](../allocation.md).',
    ...sections,
    '## The Service has its addresses',
    'The condition is True with one of these reasons.',
    explanationTable(ALLOCATED_REASONS),
  );
  return { file: 'refusals.md', title, text };
}

/** Every page of docs/reference, the table of contents first. */
export function referencePages(): ReferencePage[] {
  const pages = [
    ...RESOURCES.map((definition) => resourcePage(definition)),
    annotationsPage(),
    eventsPage(),
    refusalsPage(),
  ];
  const title = 'Reference';
  const links = pages.map((entry) => `- [${entry.title}](${entry.file})`).join('\n');
  return [{ file: 'README.md', title, text: page(GENERATED, `# ${title}`, links) }, ...pages];
}
