import type { Logger } from '../logger.ts';
import { readTemplates } from '../template/directory.ts';
import { TemplateError } from '../template/error.ts';
import { compileTemplates } from '../template/template-set.ts';
import type { TemplateSet } from '../template/template-set.ts';
import type { RouterIntent } from '../view/build.ts';
import { TemplateWatch } from './template-watch.ts';
import { WANTED_IDLE, wantedConfiguration } from './wanted.ts';
import type { Wanted } from './wanted.ts';

export interface RendererOptions {
  readonly templateDirectory: string;
  /** The router's folder, absolute. */
  readonly directory: string;
  readonly logger: Logger;
  /** Templates have changed: what was rendered is out of date. */
  readonly onChange: () => void;
}

/** Turns intents into configurations: each once, for each set of templates. */
export class Renderer {
  readonly #options: RendererOptions;
  readonly #watch: TemplateWatch;
  #changes = 0;
  #templates: TemplateSet | undefined;
  /** What was rendered last, and for which intent. */
  #last: { readonly intent: RouterIntent; readonly configuration: Wanted } | undefined;

  constructor(options: RendererOptions) {
    this.#options = options;
    this.#watch = new TemplateWatch({
      directory: options.templateDirectory,
      onChange: () => {
        this.#changes += 1;
        this.#templates = undefined;
        this.#last = undefined;
        options.onChange();
      },
      onError: (error) => options.logger.warn('templates cannot be watched', { error: String(error) }),
    });
  }

  /** The configuration of an intent; a template that cannot be used is a value. */
  async render(intent: Exclude<RouterIntent, { type: 'keep' }>): Promise<Wanted> {
    if (intent.type === 'idle') {
      return WANTED_IDLE;
    }
    if (this.#last?.intent === intent) {
      return this.#last.configuration;
    }
    try {
      const templates = await this.#load();
      const configuration = wantedConfiguration(intent.view, templates, this.#options.directory);
      // Where templates have changed meanwhile the next pass, which is due at once, renders anew.
      this.#last = this.#templates === templates ? { intent, configuration } : undefined;
      return configuration;
    } catch (error) {
      if (error instanceof TemplateError) {
        // Not remembered: the folder is read again at the next pass, as a file that was missing is not watched.
        return { type: 'refused', fault: { message: error.message, template: error.at } };
      }
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#watch.close();
  }

  async #load(): Promise<TemplateSet> {
    if (this.#templates !== undefined) {
      return this.#templates;
    }
    const changes = this.#changes;
    const files = await readTemplates(this.#options.templateDirectory);
    this.#watch.include(files.keys());
    const templates = compileTemplates(files);
    if (changes === this.#changes) {
      this.#templates = templates;
    }
    return templates;
  }
}
