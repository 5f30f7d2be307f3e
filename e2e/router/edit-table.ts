/**
 * Edits of BIRD's configuration and what BIRD makes of them: the table of docs/routing/editing.md, and what
 * edits.test.ts tries on a real BIRD, each on a session of its own.
 */

/** What becomes of the session, or of the routes of a protocol that has none. */
export type EditEffect = 'stays up' | 'restarts';

export interface Edit {
  /** As the page has it. */
  readonly title: string;
  readonly effect: EditEffect;
  /** What stands in the protocol of the session, and what then. */
  readonly from: string;
  readonly to: string;
}

/** A BGP session between the node and the ToR, of an edit; both ends know it by a number. */
export interface SessionPlan {
  readonly name: string;
  readonly node: string;
  readonly tor: string;
}

/** The session of the edit with this index: a network of its own, of two addresses. */
export function sessionPlan(index: number): SessionPlan {
  return { name: `s${index}`, node: `10.7.${index}.1`, tor: `10.7.${index}.2` };
}

const HOLD = 'hold time 9;';
const IPV4 = `	ipv4 {
		import none;
		export filter ours;
		next hop self;
	};
`;
const IPV6 = `	ipv6 {
		import none;
		export filter ours;
		next hop self;
	};
`;

/** The protocol of a session on the node, before its edit. */
export function nodeProtocol({ name, node, tor }: SessionPlan): string {
  return `protocol bgp ${name}
{
	description "${name}";
	local ${node} port 179 as 64512;
	neighbor ${tor} port 179 as 64513;
	direct;
	${HOLD}
	keepalive time 3;
	connect delay time 1;
	connect retry time 1;
	error wait time 1, 2;
${IPV4}${IPV6}}
`;
}

/** Edits of a BGP protocol. `%` stands for the number of the session. */
export const BGP_EDITS: readonly Edit[] = [
  { title: 'hold time', effect: 'restarts', from: HOLD, to: 'hold time 12;' },
  { title: 'keepalive time', effect: 'restarts', from: 'keepalive time 3;', to: 'keepalive time 2;' },
  { title: 'password', effect: 'restarts', from: HOLD, to: `${HOLD} password "correct-horse";` },
  { title: 'our AS number', effect: 'restarts', from: 'as 64512', to: 'as 64599' },
  { title: "the neighbor's AS number", effect: 'restarts', from: 'as 64513', to: 'as 64598' },
  { title: "the neighbor's address", effect: 'restarts', from: '.2 port', to: '.3 port' },
  { title: "the neighbor's port", effect: 'restarts', from: '.2 port 179', to: '.2 port 1790' },
  { title: 'our address in the session', effect: 'restarts', from: 'local 10.7.%.1 port', to: 'local port' },
  { title: 'our port', effect: 'restarts', from: '.1 port 179', to: '.1 port 1790' },
  { title: 'passive mode', effect: 'restarts', from: HOLD, to: `${HOLD} passive on;` },
  { title: 'graceful restart', effect: 'restarts', from: HOLD, to: `${HOLD} graceful restart on;` },
  { title: 'time of graceful restart', effect: 'restarts', from: HOLD, to: `${HOLD} graceful restart time 60;` },
  { title: 'a family less', effect: 'restarts', from: IPV6, to: '' },
  {
    title: 'a family more',
    effect: 'restarts',
    from: IPV6,
    to: `${IPV6}	ipv4 multicast { import none; export none; };\n`,
  },
  { title: 'multihop', effect: 'restarts', from: 'direct;', to: 'multihop 2;' },
  { title: 'interface', effect: 'restarts', from: HOLD, to: `${HOLD} interface "eth1";` },
  { title: 'connect retry time', effect: 'restarts', from: 'connect retry time 1', to: 'connect retry time 2' },
  { title: 'error wait time', effect: 'restarts', from: 'error wait time 1, 2', to: 'error wait time 1, 3' },
  { title: 'TTL security', effect: 'restarts', from: HOLD, to: `${HOLD} ttl security on;` },
  {
    title: 'several paths (`add paths`)',
    effect: 'restarts',
    from: 'next hop self;',
    to: 'next hop self; add paths tx;',
  },
  { title: 'name of the protocol', effect: 'restarts', from: 'protocol bgp s%', to: 'protocol bgp t%' },
  { title: 'description', effect: 'stays up', from: 'description "s%"', to: 'description "another"' },
  {
    title: 'filter of a family, either way',
    effect: 'stays up',
    from: 'import none;\n\t\texport filter ours',
    to: 'import filter ours;\n\t\texport none',
  },
  { title: 'next hop', effect: 'stays up', from: 'next hop self', to: 'next hop address 10.7.%.9' },
  {
    title: 'limit of routes',
    effect: 'stays up',
    from: 'next hop self;',
    to: 'next hop self; export limit 1000 action block;',
  },
  { title: 'BFD, on', effect: 'stays up', from: HOLD, to: `${HOLD} bfd on;` },
  {
    title: 'a default that is written down',
    effect: 'stays up',
    from: HOLD,
    to: `${HOLD} passive off; startup hold time 240;`,
  },
  {
    title: 'comments, order and layout of statements',
    effect: 'stays up',
    from: `${HOLD}\n\tkeepalive time 3;`,
    to: '# times\n\tkeepalive time 3;   hold time 9;',
  },
];

/** A protocol that takes routes from a kernel table of its own, before its edit. */
export function kernelProtocol(index: number): string {
  return `ipv4 table kt${index};
protocol kernel k${index}
{
	kernel table ${1000 + index};
	learn;
	scan time 60;
	ipv4 {
		table kt${index};
		import filter ours;
		export none;
	};
}
`;
}

/** Edits of the kernel protocol, which has no session: while it restarts its routes are away. */
export const KERNEL_EDITS: readonly Edit[] = [
  { title: 'kernel: filter', effect: 'stays up', from: 'import filter ours', to: 'import all' },
  { title: 'kernel: receive buffer', effect: 'stays up', from: '\tlearn;', to: '\tlearn; netlink rx buffer 1048576;' },
  { title: 'kernel: `persist`', effect: 'stays up', from: '\tlearn;', to: '\tlearn; persist;' },
  { title: 'kernel: `metric`', effect: 'restarts', from: '\tlearn;', to: '\tlearn; metric 77;' },
  { title: 'kernel: `merge paths`', effect: 'restarts', from: '\tlearn;', to: '\tlearn; merge paths on;' },
  { title: 'kernel: scan time', effect: 'restarts', from: 'scan time 60', to: 'scan time 30' },
  { title: 'kernel: learn', effect: 'restarts', from: '\tlearn;', to: '' },
  { title: 'kernel: table', effect: 'restarts', from: 'kernel table 10', to: 'kernel table 20' },
  { title: 'kernel: name', effect: 'restarts', from: 'kernel k%', to: 'kernel l%' },
];

/** An OSPF adjacency of its own: all of them are on one cable, and told apart by their instance. */
export function ospfProtocol(index: number): string {
  return `protocol ospf v2 o${index}
{
	instance id ${index};
	ipv4 {
		import none;
		export filter ours;
	};
	area 0 {
		interface "eth0" {
			type ptp;
			cost 10;
			hello 1;
			dead 4;
		};
	};
}
`;
}

/** Edits of OSPF. */
export const OSPF_EDITS: readonly Edit[] = [
  { title: 'OSPF: cost', effect: 'stays up', from: 'cost 10', to: 'cost 20' },
  { title: 'OSPF: filter', effect: 'stays up', from: 'export filter ours', to: 'export none' },
  {
    title: 'OSPF: an interface more',
    effect: 'stays up',
    from: 'area 0 {',
    to: 'area 0 {\n\t\tinterface "eth1" { stub; };',
  },
  { title: 'OSPF: type of the interface', effect: 'restarts', from: 'type ptp', to: 'type broadcast' },
  { title: 'OSPF: instance', effect: 'restarts', from: 'instance id %', to: 'instance id 10%' },
  { title: 'OSPF: an interface less', effect: 'restarts', from: 'interface "eth0"', to: 'interface "eth9"' },
];

/**
 * Edits of OSPF after which BIRD goes on, and the neighbor, which must have the same, says nothing that it could use: the
 * adjacency ends with the dead interval.
 */
export const OSPF_NEIGHBOR_EDITS: readonly Edit[] = [
  { title: 'OSPF: hello or dead interval', effect: 'restarts', from: 'hello 1', to: 'hello 2' },
  {
    title: 'OSPF: password',
    effect: 'restarts',
    from: 'cost 10;',
    to: 'cost 10; authentication cryptographic; password "correct-horse";',
  },
];

/**
 * BFD that is taken away: the neighbor, whose BFD hears nothing any more, ends the session, so that it is not BIRD that
 * restarts it.
 */
export const BFD_OFF: Edit = { title: 'BFD, off', effect: 'restarts', from: ' bfd on;', to: '' };

/** Edits of the whole file: each is made for all sessions at once. */
export const FILE_EDITS: readonly Edit[] = [
  {
    title: 'a new neighbor (the other sessions)',
    effect: 'stays up',
    from: '# neighbors',
    to: 'protocol bgp extra { local as 64512; neighbor 10.7.250.2 as 64513; ipv4 { import none; export none; }; }',
  },
  {
    title: 'a filter, a prefix or a community in it',
    effect: 'stays up',
    from: 'accept; #',
    to: 'bgp_community.add((64512,1)); accept; #',
  },
  { title: 'log', effect: 'stays up', from: 'log stderr all;', to: 'log stderr { warning };' },
  { title: 'router ID', effect: 'restarts', from: 'router id 192.0.2.1;', to: 'router id 192.0.2.77;' },
];

/** The protocol of an edit, before and after it. @throws {Error} where the edit is none */
export function edited(before: string, { title, from, to }: Edit, index: number): string {
  const after = before.replace(from.replaceAll('%', String(index)), to.replaceAll('%', String(index)));
  if (after === before) {
    throw new Error(`the edit "${title}" changes nothing`);
  }
  return after;
}

/** All rows of the page, in its order. */
export const ALL_EDITS: readonly Edit[] = [
  ...BGP_EDITS,
  BFD_OFF,
  ...FILE_EDITS,
  ...KERNEL_EDITS,
  ...OSPF_EDITS,
  ...OSPF_NEIGHBOR_EDITS,
];
