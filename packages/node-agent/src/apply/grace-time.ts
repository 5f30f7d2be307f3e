/** With BGP a route is gone from all routers within a second (measured), and nobody knows what another daemon speaks. */
const USUAL_MS = 1_000;
/**
 * OSPF withdraws an LSA no sooner than 5 s after it was last changed (RFC 2328 12.4, MinLSInterval), RIP triggers an update
 * up to 5 s late (RFC 2453 3.10.1); then the routers compute, some once a second.
 */
const SLOW_MS = 8_000;

/** The part of a Router that tells. */
interface Protocols {
  readonly spec: { readonly ospf?: object; readonly rip?: object };
}

/**
 * How long an address stays after its route is withdrawn, ms: as long as routers may go on sending to it.
 * @param router the Router that selects this node, where one does
 */
export function graceTime(router: Protocols | undefined): number {
  return router?.spec.ospf === undefined && router?.spec.rip === undefined ? USUAL_MS : SLOW_MS;
}
