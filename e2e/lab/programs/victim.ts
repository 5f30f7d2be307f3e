/** Starts a lab and waits to be killed: for the test of what is left then. Prints the run's id. */
import { startLab } from '../lab.ts';

const lab = await startLab({ nodes: 1, manifests: [] });
await lab.deployment({ name: 'web', replicas: 1 });
process.stdout.write(`${lab.run.id}\n`);
setInterval(() => {}, 60_000);
