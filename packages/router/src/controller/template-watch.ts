import { join } from 'node:path';
import { watch } from 'chokidar';
import type { FSWatcher } from 'chokidar';

/** Milliseconds of silence after a change: an editor that truncates and then writes is not caught in between. */
const SETTLE_MS = 200;

export interface TemplateWatchOptions {
  readonly directory: string;
  /** The template that takes in the others. */
  readonly mainTemplate: string;
  readonly onChange: () => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Watches the files of a template directory. The files and not the folder: of a mounted ConfigMap, whose files are links
 * that change together, each shows one event in a swap, the folder a dozen.
 */
export class TemplateWatch {
  readonly #options: TemplateWatchOptions;
  readonly #watcher: FSWatcher;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TemplateWatchOptions) {
    this.#options = options;
    this.#watcher = watch(join(options.directory, options.mainTemplate), { ignoreInitial: true });
    this.#watcher.on('all', () => this.#changed());
    this.#watcher.on('error', options.onError);
  }

  /** Watches these files as well. */
  include(names: Iterable<string>): void {
    this.#watcher.add([...names].map((name) => join(this.#options.directory, name)));
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#watcher.close();
  }

  #changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#options.onChange, SETTLE_MS);
  }
}
