import { Frr, type FrrProgram } from './frr.ts';
import { INTERFACES } from './network.ts';
import { LAN, type Station } from './plan.ts';
import type { LabProcess } from './process.ts';
import type { Run } from './run.ts';
import { askAgain, torSettings, type TorDaemon, type TorOptions, type TorSettings } from './tor-daemon.ts';

/** More nodes than a lab can have. */
const LISTEN_LIMIT = 500;
const PATHS = 16;

/** What FRR's programs of the ToR are told: the same as BIRD there, but for iBGP, which one listen range cannot have as well. */
export function frrTorConfigurations(
  station: Station,
  options: TorOptions = {},
): Readonly<Partial<Record<FrrProgram, string>>> {
  const settings = torSettings(options);
  const speaks = (protocol: TorSettings['protocols'][number]) => settings.protocols.includes(protocol);
  return {
    zebra: 'hostname tor',
    ...(settings.bfd && { bfdd: 'debug bfd peer' }),
    ...(speaks('BGP') && { bgpd: bgp(station, settings) }),
    ...(speaks('OSPF') && { ospfd: ospf(station, settings), ospf6d: ospf6(station, settings) }),
    ...(speaks('RIP') && { ripd: rip('rip', settings), ripngd: rip('ripng', settings) }),
  };
}

function bgp(station: Station, { asn, holdTime, bfd, extra }: TorSettings): string {
  return `
router bgp ${asn}
 bgp router-id ${station.address.IPv4}
 bgp log-neighbor-changes
 bgp graceful-restart
 bgp bestpath as-path multipath-relax
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 timers bgp ${Math.floor(holdTime / 3)} ${holdTime}
 neighbor nodes peer-group
 neighbor nodes remote-as external
${bfd ? ' neighbor nodes bfd 3 100 100' : ''}
 bgp listen limit ${LISTEN_LIMIT}
 bgp listen range ${LAN.IPv4} peer-group nodes
 bgp listen range ${LAN.IPv6} peer-group nodes
${bgpFamily('ipv4')}
${bgpFamily('ipv6')}
exit
${extra}`;
}

function bgpFamily(name: 'ipv4' | 'ipv6'): string {
  return `
 address-family ${name} unicast
  neighbor nodes activate
  maximum-paths ${PATHS}
 exit-address-family`;
}

function ospf(station: Station, { ospf: { hello, dead }, bfd }: TorSettings): string {
  return `
interface ${INTERFACES.lan}
 ip ospf area 0
 ip ospf hello-interval ${hello}
 ip ospf dead-interval ${dead}
${bfd ? ' ip ospf bfd' : ''}
router ospf
 ospf router-id ${station.address.IPv4}
 maximum-paths ${PATHS}`;
}

function ospf6(station: Station, { ospf: { hello, dead }, bfd }: TorSettings): string {
  return `
interface ${INTERFACES.lan}
 ipv6 ospf6 area 0.0.0.0
 ipv6 ospf6 hello-interval ${hello}
 ipv6 ospf6 dead-interval ${dead}
${bfd ? ' ipv6 ospf6 bfd' : ''}
router ospf6
 ospf6 router-id ${station.address.IPv4}
 maximum-paths ${PATHS}`;
}

function rip(protocol: 'rip' | 'ripng', { rip: { update, timeout } }: TorSettings): string {
  return `
router ${protocol}
 network ${INTERFACES.lan}
 timers basic ${update} ${timeout} ${timeout}
 allow-ecmp`;
}

interface BgpSummary {
  readonly [family: string]: { readonly peers?: Readonly<Record<string, { readonly state: string }>> };
}

/** A session counts once, however many families it carries. */
function countEstablished(summary: string): number {
  const peers = Object.values(JSON.parse(summary) as BgpSummary).flatMap(({ peers: each = {} }) =>
    Object.entries(each),
  );
  return new Set(peers.filter(([, { state }]) => state === 'Established').map(([name]) => name)).size;
}

function isBfdUp(sessions: string, neighbor: string): boolean {
  const peers = JSON.parse(sessions) as readonly { readonly peer: string; readonly status: string }[];
  return peers.some(({ peer, status }) => peer === neighbor && status === 'up');
}

/** FRR as the ToR runs it. */
export class FrrTor implements TorDaemon {
  readonly #frr: Frr;

  private constructor(frr: Frr) {
    this.#frr = frr;
  }

  /** Starts FRR and returns when all of its programs can be asked. */
  static async launch(run: Run, station: Station, options: TorOptions): Promise<FrrTor> {
    const configurations = frrTorConfigurations(station, options);
    return new FrrTor(
      await Frr.launch(run, {
        name: 'tor',
        namespace: station.name,
        preferred: torSettings(options).preferred,
        configurations,
      }),
    );
  }

  get processes(): readonly LabProcess[] {
    return this.#frr.processes;
  }

  async start(): Promise<void> {
    await this.#frr.start();
  }

  async command(text: string): Promise<string> {
    return this.#frr.vtysh(text);
  }

  async untilEstablished(sessions: number, timeoutMs: number): Promise<void> {
    await askAgain({
      ask: async () => this.command('show bgp summary json'),
      condition: (summary) => countEstablished(summary) >= sessions,
      speaker: this.#frr.program('bgpd'),
      event: /ADJCHANGE/,
      timeoutMs,
    });
  }

  async untilBfdUp(neighbor: string, timeoutMs: number): Promise<void> {
    await askAgain({
      ask: async () => this.command('show bfd peers json'),
      condition: (sessions) => isBfdUp(sessions, neighbor),
      speaker: this.#frr.program('bfdd'),
      event: /\S/,
      timeoutMs,
    });
  }
}
