import Handlebars from 'handlebars';
import type { TemplateLine } from './error.ts';

/**
 * BIRD names a line of the rendered file; people edit a line of a template. So the text of each template is rendered
 * with marks in it that say where it is from, and the marks are taken out again afterwards. NUL cannot stand in a
 * template (it is refused on reading) nor in a value of the view model.
 */
const MARK = '\0';

/** Puts a mark at the start of each piece of literal text, and behind each of its newlines. Changes `program`. */
export function markLines(program: hbs.AST.Program, file: string): void {
  class Marker extends Handlebars.Visitor {
    override ContentStatement(content: hbs.AST.ContentStatement): void {
      const text = content.value;
      if (text === '') {
        return;
      }
      // Whitespace control has cut lines off its start that still count.
      const original = typeof content.original === 'string' ? content.original : text;
      const cut = original.slice(0, Math.max(0, original.indexOf(text)));
      let line = content.loc.start.line + newlinesIn(cut);
      const mark = (): string => `${MARK}${file}:${line}${MARK}`;
      content.value =
        mark() +
        text.replaceAll('\n', () => {
          line += 1;
          return `\n${mark()}`;
        });
    }
  }
  new Marker().accept(program);
}

function newlinesIn(text: string): number {
  return text.split('\n').length - 1;
}

/** Text without marks, and for each of its lines the template line that it is from. */
export interface UnmarkedText {
  readonly text: string;
  /** By line, from 0. */
  readonly sources: readonly (TemplateLine | undefined)[];
}

/** Takes the marks out. A line is from where its first character that is no space is from. */
export function takeMarksOut(marked: string): UnmarkedText {
  let current: TemplateLine | undefined;
  const lines = marked.split('\n').map((line) => {
    const pieces = line.split(MARK);
    let text = '';
    let source: TemplateLine | undefined;
    // Text and marks alternate, as a mark never holds a newline.
    for (const [index, piece] of pieces.entries()) {
      if (index % 2 === 1) {
        const colon = piece.lastIndexOf(':');
        current = { file: piece.slice(0, colon), line: Number(piece.slice(colon + 1)) };
      } else {
        source ??= piece.trim() === '' ? undefined : current;
        text += piece;
      }
    }
    return { text, source: source ?? current };
  });
  return { text: lines.map(({ text }) => text).join('\n'), sources: lines.map(({ source }) => source) };
}
