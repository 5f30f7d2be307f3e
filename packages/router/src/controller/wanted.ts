import { TemplateError } from '../template/error.ts';
import type { TemplateLine } from '../template/error.ts';
import { renderRouterConfig } from '../template/template-set.ts';
import type { TemplateSet } from '../template/template-set.ts';
import type { ConfigurationFault } from '../bird/check.ts';
import { findForeignFile } from '../bird/fence.ts';
import type { RouterView } from '../view/view.ts';
import { IDLE_CONFIGURATION } from './idle.ts';
import type { RefusedConfiguration } from './status.ts';

/** A configuration to bring to BIRD, or why there is none. */
export type Wanted = WantedText | { readonly type: 'refused'; readonly fault: RefusedConfiguration };

export interface WantedText {
  readonly type: 'text';
  readonly text: string;
  /** What BIRD has against a line of the text, in terms of templates. */
  readonly explain: (fault: ConfigurationFault) => RefusedConfiguration;
}

/** The configuration of a node without a Router. */
export const WANTED_IDLE: WantedText = {
  type: 'text',
  text: IDLE_CONFIGURATION,
  explain: ({ line, message }) => ({ message: `bird.conf:${line ?? '?'}: ${message}`, template: undefined }),
};

/**
 * Renders a view and looks for files outside of the router's folder. Never throws for a bad template: that is a value.
 * @param directory the router's folder, absolute
 */
export function wantedConfiguration(view: RouterView, templates: TemplateSet, directory: string): Wanted {
  try {
    const { text, sourceOf } = renderRouterConfig(view, templates);
    const lines = text.split('\n');
    const explain = ({ line, message }: ConfigurationFault): RefusedConfiguration => {
      const template = line === undefined ? undefined : sourceOf(line);
      const shown = line === undefined ? '' : (lines[line - 1] ?? '').trim();
      return { message: withoutPasswords(sentence(message, shown, line, template), view), template };
    };
    const foreign = findForeignFile(text, directory);
    return foreign === undefined ? { type: 'text', text, explain } : { type: 'refused', fault: explain(foreign) };
  } catch (error) {
    if (error instanceof TemplateError) {
      return { type: 'refused', fault: { message: withoutPasswords(error.message, view), template: error.at } };
    }
    throw error;
  }
}

function sentence(
  message: string,
  shown: string,
  line: number | undefined,
  template: TemplateLine | undefined,
): string {
  if (line === undefined) {
    return message;
  }
  const place = template === undefined ? `bird.conf:${line}` : `${template.file}:${template.line}`;
  return `${place}: ${message}, in the line ${JSON.stringify(shown)}`;
}

/** What is wrong is said on objects that many may read. */
function withoutPasswords(text: string, view: RouterView): string {
  return view.bgp.neighbors
    .map(({ password }) => String(password))
    .filter((password) => password !== '')
    .reduce(
      (result, password) => result.replaceAll(password, '***').replaceAll(JSON.stringify(password).slice(1, -1), '***'),
      text,
    );
}
