/**
 * The rows that documentation has of a page for Prometheus: name, type, labels and meaning, one metric each. A label shows
 * only where there is a sample that has it.
 * @param exposition what {@link Metrics.render} gives
 */
export function metricsTable(exposition: string): string[] {
  const lines = exposition.split('\n');
  return lines
    .filter((line) => line.startsWith('# HELP '))
    .map((line) => {
      const [, name = '', help = ''] = /^# HELP (\S+) (.*)$/.exec(line) ?? [];
      const type = lines.find((other) => other.startsWith(`# TYPE ${name} `))?.split(' ')[3];
      const samples = lines.filter((other) => new RegExp(`^${name}(_bucket)?\\{`).test(other));
      const labels = samples.flatMap((sample) => [...sample.matchAll(/[{,](\w+)="/g)].map(([, label = '']) => label));
      const shown = [...new Set(labels)].filter((label) => label !== 'le').map((label) => `\`${label}\``);
      return squeezed(`| \`${name}\` | ${type} | ${shown.join(', ')} | ${help} |`);
    });
}

/** The rows of the tables under these headings of a Markdown page, as {@link metricsTable} gives them. */
export function documentedMetrics(page: string, headings: readonly string[]): string[] {
  return page
    .split(/^## /m)
    .filter((section) => headings.some((heading) => section.startsWith(`${heading}\n`)))
    .flatMap((section) => section.split('\n'))
    .filter((line) => line.startsWith('| `'))
    .map(squeezed);
}

/** Tables are laid out with spaces. */
function squeezed(text: string): string {
  return text.replaceAll(/ {2,}/g, ' ');
}
