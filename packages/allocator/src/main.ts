import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { createKubeClient } from '@fairlead/kube';
import { LOG_LEVELS, createLogger, createMetrics, parseFlags, runMain, serveHealth } from '@fairlead/runtime';
import { Allocator } from './allocator.ts';
import { FLAGS } from './flags.ts';
import { PROGRAM } from './program.ts';

await runMain(PROGRAM, async (signal) => {
  const flags = parseFlags(FLAGS, {
    argv: process.argv.slice(2),
    env: process.env,
    program: PROGRAM,
    summary: 'Gives Services of type LoadBalancer their addresses.',
  });
  const logger = createLogger({
    process: PROGRAM,
    level: LOG_LEVELS.find((level) => level === flags['log-level']) ?? 'info',
  });
  const metrics = createMetrics();
  const identity = flags.identity ?? hostname();
  const client = await createKubeClient({
    logger,
    // Up to the slash it is the manager of fields, the same for all replicas; behind it, who asked, for audit logs.
    userAgent: `${PROGRAM}/${encodeURIComponent(identity)}`,
    ...(flags.kubeconfig === undefined ? {} : { kubeconfig: flags.kubeconfig }),
  });
  const allocator = new Allocator({
    client,
    logger,
    metrics,
    ownership: { loadBalancerClass: flags['load-balancer-class'], isDefaultClass: flags['default-class'] },
    namespace: flags.namespace,
    identity,
    electLeader: flags['leader-elect'],
    annotateHolders: flags['announced-by'],
    // An abort ends the wait early and is no error.
    wait: (ms, abort) => delay(ms, undefined, { signal: abort }).catch(() => {}),
  });
  await serveHealth({
    address: flags['metrics-address'],
    metrics,
    readyz: () => allocator.ready(),
    logger,
    signal,
  });
  await allocator.run(signal);
  await client.close();
});
