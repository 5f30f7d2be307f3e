import { createKubeClient, EventRecorder } from '@fairlead/kube';
import { keepLittleFreeMemory, openNetlink, releaseFreeMemory } from '@fairlead/netlink';
import { createLogger, createMetrics, LOG_LEVELS, parseFlags, runMain, serveHealth } from '@fairlead/runtime';
import { Agent } from './agent/agent.ts';
import { agentMetrics } from './agent/metrics.ts';
import { PastLife } from './agent/past-life.ts';
import { systemTimers } from './apply/timers.ts';
import { dataPathURL, FLAGS, SUMMARY } from './flags.ts';
import { LocalHolder } from './lan/local-holder.ts';
import { readStateFile } from './state-file/state-file.ts';

const PROGRAM = 'fairlead-node-agent';
/** By then a start is over: everything is read, compiled, applied, and what that left is collected. */
const STARTED_MS = 15_000;

await runMain(PROGRAM, async (signal) => {
  const { argv, env } = process;
  const flags = parseFlags(FLAGS, { argv: argv.slice(2), env, program: 'node-agent', summary: SUMMARY });
  const node = flags['node-name'];
  const namespace = flags.namespace;
  const dataPathHealth = dataPathURL(flags['data-path-health']);
  keepLittleFreeMemory();
  const logger = createLogger({
    process: 'node-agent',
    level: LOG_LEVELS.find((level) => level === flags['log-level']) ?? 'info',
  });
  const metrics = createMetrics();
  const kubeconfig = flags.kubeconfig;
  await using client = await createKubeClient({
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    logger,
    userAgent: PROGRAM,
  });
  await using recorder = new EventRecorder({
    client,
    logger,
    reportingController: 'fairlead.dev/node-agent',
    reportingInstance: node,
  });
  const netlink = await openNetlink({ signal });
  const addressMark = flags['address-protocol'] && (await netlink.keepsAddressProtocol()) ? 'protocol' : 'metric';
  const agent = new Agent({
    node,
    namespace,
    client,
    netlink,
    recorder,
    logger,
    timers: systemTimers(),
    metrics: agentMetrics(metrics, {
      localAddresses: () => agent.gauges.local,
      virtualAddresses: () => agent.gauges.virtual,
      routes: () => agent.gauges.routes,
      apiSilenceSeconds: () => agent.gauges.silenceMs / 1000,
      ready: () => agent.readyz().ok,
      holder: () => agent.holderCounts,
      router: () => agent.routerStatus,
    }),
    stateFile: flags['state-file'],
    pastLife: new PastLife(await readStateFile(flags['state-file'], logger)),
    addressMark,
    withdraw: flags.withdraw,
    dataPathHealth,
    routerDirectory: flags['router-directory'],
    templateDirectory: flags['template-directory'],
    createHolder: (hooks) => new LocalHolder({ node, hooks, client, namespace, logger }),
    signal,
  });
  await using _health = await serveHealth({
    address: flags['metrics-address'],
    metrics,
    readyz: () => agent.readyz(),
    logger,
    signal,
  });
  logger.info('Starting', { node, addressMark });
  setTimeout(releaseFreeMemory, STARTED_MS).unref();
  await agent.run();
});
