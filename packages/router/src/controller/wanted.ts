import { TemplateError } from '../template/error.ts';
import type { TemplateLine } from '../template/error.ts';
import { renderRouterConfig } from '../template/template-set.ts';
import type { TemplateSet } from '../template/template-set.ts';
import { passwordsOf } from '../view/passwords.ts';
import type { RouterView } from '../view/view.ts';
import type { ConfigurationFault, RoutingDaemon } from './daemon.ts';
import type { RefusedConfiguration } from './status.ts';

/** A configuration to bring to the daemon, or why there is none. */
export type Wanted = WantedText | { readonly type: 'refused'; readonly fault: RefusedConfiguration };

export interface WantedText {
  readonly type: 'text';
  readonly text: string;
  /** What the daemon has against a line of the text, in terms of templates. */
  readonly explain: (fault: ConfigurationFault) => RefusedConfiguration;
  /** What the daemon's own check does not see. */
  readonly unseen?: ConfigurationFault | undefined;
}

/** The configuration with which a daemon speaks to nobody. */
export function wantedIdle({ configFile, idleConfiguration }: RoutingDaemon): WantedText {
  return {
    type: 'text',
    text: idleConfiguration,
    explain: ({ line, message }) => ({ message: `${configFile}:${line ?? '?'}: ${message}`, template: undefined }),
  };
}

/** Renders a view, and looks for what the daemon's own check does not see. Never throws for a bad template: that is a value. */
export function wantedConfiguration(view: RouterView, templates: TemplateSet, daemon: RoutingDaemon): Wanted {
  try {
    const { text, sourceOf } = renderRouterConfig(view, templates);
    const lines = text.split('\n');
    const explain = ({ line, message }: ConfigurationFault): RefusedConfiguration => {
      const template = line === undefined ? undefined : sourceOf(line);
      const shown = line === undefined ? '' : (lines[line - 1] ?? '').trim();
      return { message: withoutPasswords(sentence(message, shown, placeOf(line, template, daemon)), view), template };
    };
    const foreign = daemon.findForeignFile(text);
    return foreign === undefined
      ? { type: 'text', text, explain, unseen: daemon.findSilence?.(text, isToSpeak(view)) }
      : { type: 'refused', fault: explain(foreign) };
  } catch (error) {
    if (error instanceof TemplateError) {
      return { type: 'refused', fault: { message: withoutPasswords(error.message, view), template: error.at } };
    }
    throw error;
  }
}

function isToSpeak({ bgp, ospf, rip }: RouterView): boolean {
  return bgp.neighbors.length + ospf.areas.length + rip.interfaces.length > 0;
}

function placeOf(
  line: number | undefined,
  template: TemplateLine | undefined,
  { configFile }: RoutingDaemon,
): string | undefined {
  if (line === undefined) {
    return undefined;
  }
  return template === undefined ? `${configFile}:${line}` : `${template.file}:${template.line}`;
}

function sentence(message: string, shown: string, place: string | undefined): string {
  return place === undefined ? message : `${place}: ${message}, in the line ${JSON.stringify(shown)}`;
}

/** What is wrong is said on objects that many may read. */
function withoutPasswords(text: string, view: RouterView): string {
  return passwordsOf(view).reduce(
    (result, password) => result.replaceAll(password, '***').replaceAll(JSON.stringify(password).slice(1, -1), '***'),
    text,
  );
}
