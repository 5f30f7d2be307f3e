/**
 * The configuration of a BIRD that speaks to nobody: written where there is none yet, so that BIRD may start before its
 * agent knows anything, and when no Router selects the node any more. Not a template: it must work whatever templates
 * there are. BIRD wants a router ID even where the node has no IPv4 address; nothing uses it here, so it is the dummy
 * address of RFC 7600.
 */
export const IDLE_CONFIGURATION = `# BIRD of Fairlead, which speaks to nobody: no Router selects this node.
log stderr { info, warning, error, fatal, bug, auth, remote };
router id 192.0.0.8;

protocol device
{
}
`;
