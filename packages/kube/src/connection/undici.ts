/**
 * The parts of undici that are used, each from its own file: its index also loads fetch, caches, WebSockets and mocks,
 * 400 kB of program text in every process.
 */
import AgentClass from 'undici/lib/dispatcher/agent.js';
import ProxyAgentClass from 'undici/lib/dispatcher/proxy-agent.js';
import requestOf from 'undici/lib/api/api-request.js';
import type * as Undici from 'undici';

export const Agent: typeof Undici.Agent = AgentClass;
export const ProxyAgent: typeof Undici.ProxyAgent = ProxyAgentClass;

/** One request; resolves when the head of the response is there. @throws what undici throws */
export function request(
  dispatcher: Undici.Dispatcher,
  options: Undici.Dispatcher.RequestOptions,
): Promise<Undici.Dispatcher.ResponseData> {
  return requestOf.call(dispatcher, options);
}
