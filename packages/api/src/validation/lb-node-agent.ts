import type { LBNodeAgentSpec } from '../resources/lb-node-agent.ts';
import { interfacePatternProblem } from './interfaces.ts';
import type { Explanations, Problem } from './problem.ts';

export type LBNodeAgentProblem = Problem<Exclude<keyof typeof LB_NODE_AGENT_REASONS, 'Valid'>>;

/** Reasons of the condition `Ready` of an LBNodeAgent. */
export const LB_NODE_AGENT_REASONS = {
  Valid: { meaning: 'It is in use as written.', cure: 'Nothing to do.' },
  InvalidInterface: {
    meaning: 'An entry of `local.interfaces` between slashes is not a regular expression.',
    cure: 'Correct it; the flavour is that of JavaScript with the flag `u`.',
  },
} as const satisfies Explanations;

/** What is wrong with an LBNodeAgent that passed the API server, in the order of the spec; empty when nothing is. */
export function validateLBNodeAgent(spec: LBNodeAgentSpec): LBNodeAgentProblem[] {
  return spec.local.interfaces.flatMap((entry, index) => {
    const sentence = interfacePatternProblem(entry);
    const path = `spec.local.interfaces[${index}]`;
    return sentence === undefined ? [] : [{ reason: 'InvalidInterface', sentence: `${path}: ${sentence}`, path }];
  });
}
