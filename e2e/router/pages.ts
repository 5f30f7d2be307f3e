import { join } from 'node:path';
import { blocksOf } from '../docs/page.ts';

/** The first block of a language in a page of docs/routing, below a heading where one is named. */
export async function sample(page: string, language: string, heading?: string): Promise<string> {
  const blocks = await blocksOf(join('docs', 'routing', page));
  const found = blocks.find(
    (block) => block.language === language && (heading === undefined || block.heading === heading),
  );
  if (found === undefined) {
    throw new Error(`${page} has no block of ${language}${heading === undefined ? '' : ` below ${heading}`}`);
  }
  return found.text;
}

/** A sample for the first node of a rack, as its neighbor needs it. */
export function forNode(text: string, host: number): string {
  return text.replaceAll('192.0.2.1;', `192.0.2.${host};`).replaceAll(/192\.0\.2\.1$/gm, `192.0.2.${host}`);
}
