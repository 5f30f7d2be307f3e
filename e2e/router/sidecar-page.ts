import { parse } from 'yaml';
import { blocksOf } from '../docs/page.ts';

const PAGE = 'docs/routing/sidecar.md';
/** Where the page has the folder that agent and BIRD share. */
const FOLDER = '/run/fairlead/router';

interface BirdContainer {
  readonly command: readonly string[];
  readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
  readonly livenessProbe: { readonly exec: { readonly command: readonly string[] } };
}

/** The container of BIRD as the page has it. */
async function birdContainer(): Promise<BirdContainer> {
  const block = (await blocksOf(PAGE)).find(({ language }) => language === 'yaml');
  const { spec } = parse(block?.text ?? '') as {
    readonly spec: { readonly template: { readonly spec: { readonly containers: readonly BirdContainer[] } } };
  };
  const [container] = spec.template.spec.containers;
  if (container === undefined) {
    throw new Error(`${PAGE} has no container of BIRD`);
  }
  return container;
}

const inFolder = (command: readonly string[], folder: string): readonly string[] =>
  command.map((word) => word.replaceAll(FOLDER, folder));

/** The command by which the page stops BIRD, where the folder is another one. */
export async function stopCommand(folder: string): Promise<readonly string[]> {
  return inFolder((await birdContainer()).lifecycle.preStop.exec.command, folder);
}

/** The command by which the page asks whether BIRD lives. */
export async function probeCommand(folder: string): Promise<readonly string[]> {
  return inFolder((await birdContainer()).livenessProbe.exec.command, folder);
}

/** The command by which the page starts BIRD. */
export async function startCommand(folder: string): Promise<readonly string[]> {
  return inFolder((await birdContainer()).command, folder);
}
