import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../system-error.ts';
import { TemplateError } from './error.ts';

/** More is a mistake: the shipped ones have a few KiB. */
const LARGEST = 256 * 1024;

/**
 * Reads the templates of a directory: every `*.hbs` in it, and nothing below it (a mounted ConfigMap keeps its data in
 * folders there, to which the files in the directory are links).
 * @returns text by file name
 * @throws {TemplateError} where the directory or a file cannot be read
 */
export async function readTemplates(directory: string): Promise<ReadonlyMap<string, string>> {
  try {
    const names = (await readdir(directory)).filter((name) => name.endsWith('.hbs')).sort();
    const files = await Promise.all(
      names.map(async (name) => [name, await readFile(join(directory, name), 'utf8')] as const),
    );
    for (const [name, text] of files) {
      if (text.length > LARGEST) {
        throw new TemplateError(`${name} is larger than ${LARGEST / 1024} KiB; that cannot be a template`);
      }
    }
    return new Map(files);
  } catch (error) {
    if (error instanceof TemplateError) {
      throw error;
    }
    throw new TemplateError(
      `the templates cannot be read: ${messageOf(error)}; look at --template-directory`,
      undefined,
      {
        cause: error,
      },
    );
  }
}
