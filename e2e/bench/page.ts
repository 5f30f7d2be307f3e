/** A section of a page: its heading of the second level without the marks, and what stands below. */
export interface Section {
  readonly title: string;
  readonly body: string;
}

const HEADING = /^## (.+)$/;

/**
 * Puts sections into a Markdown page: one that is there is replaced, others stay as they are, and a new one stands before
 * those that were not asked for at the end, as prose about the figures follows them.
 */
export function replaceSections(page: string, sections: readonly Section[]): string {
  const { intro, sections: before } = parse(page);
  const given = new Map(sections.map((section) => [section.title, section]));
  const known = new Set(before.map(({ title }) => title));
  const added = sections.filter(({ title }) => !known.has(title));
  const kept = before.map((section) => given.get(section.title) ?? section);
  const lastGiven = kept.findLastIndex(({ title }) => given.has(title));
  const all = [...kept.slice(0, lastGiven + 1), ...added, ...kept.slice(lastGiven + 1)];
  return `${[intro, ...all.map(({ title, body }) => `## ${title}\n\n${body.trim()}`)].join('\n\n').trim()}\n`;
}

function parse(page: string): { readonly intro: string; readonly sections: readonly Section[] } {
  const intro: string[] = [];
  const sections: { title: string; lines: string[] }[] = [];
  for (const line of page.split('\n')) {
    const title = HEADING.exec(line)?.[1];
    if (title === undefined) {
      (sections.at(-1)?.lines ?? intro).push(line);
    } else {
      sections.push({ title, lines: [] });
    }
  }
  return {
    intro: intro.join('\n').trim(),
    sections: sections.map(({ title, lines }) => ({ title, body: lines.join('\n') })),
  };
}
