import type { Logger } from '../logger.ts';
import { readTemplates } from '../template/directory.ts';
import { TemplateError } from '../template/error.ts';
import { compileTemplates } from '../template/template-set.ts';
import type { TemplateSet } from '../template/template-set.ts';
import type { RouterView } from '../view/view.ts';
import type { RoutingDaemon } from './daemon.ts';
import { TemplateWatch } from './template-watch.ts';
import { wantedConfiguration } from './wanted.ts';
import type { Wanted } from './wanted.ts';

export interface RendererOptions {
  readonly templateDirectory: string;
  readonly daemon: RoutingDaemon;
  readonly logger: Logger;
  /** Templates have changed: what was rendered is out of date. */
  readonly onChange: () => void;
}

/** Turns views into configurations of one daemon: each once, for each set of templates. */
export class Renderer {
  readonly #options: RendererOptions;
  readonly #watch: TemplateWatch;
  #changes = 0;
  #templates: TemplateSet | undefined;
  /** What was rendered last, and for which view. */
  #last: { readonly view: RouterView; readonly configuration: Wanted } | undefined;

  constructor(options: RendererOptions) {
    this.#options = options;
    this.#watch = new TemplateWatch({
      directory: options.templateDirectory,
      mainTemplate: options.daemon.mainTemplate,
      onChange: () => {
        this.#changes += 1;
        this.#templates = undefined;
        this.#last = undefined;
        options.onChange();
      },
      onError: (error) => options.logger.warn('templates cannot be watched', { error: String(error) }),
    });
  }

  /** The configuration of a view; a template that cannot be used is a value. */
  async render(view: RouterView): Promise<Wanted> {
    if (this.#last?.view === view) {
      return this.#last.configuration;
    }
    try {
      const templates = await this.#load();
      const configuration = wantedConfiguration(view, templates, this.#options.daemon);
      // Where templates have changed meanwhile the next pass, which is due at once, renders anew.
      this.#last = this.#templates === templates ? { view, configuration } : undefined;
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
    const templates = compileTemplates(files, this.#options.daemon.mainTemplate);
    if (changes === this.#changes) {
      this.#templates = templates;
    }
    return templates;
  }
}
