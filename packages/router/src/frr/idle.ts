/** The configuration of an FRR that speaks to nobody. Not a template: it must work whatever templates there are. */
export const IDLE_CONFIGURATION = `! FRR of Fairlead, which speaks to nobody: no Router asks for it on this node.
`;
