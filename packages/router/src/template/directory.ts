import { open, readdir, realpath } from 'node:fs/promises';
import { constants } from 'node:fs';
import { join } from 'node:path';
import { messageOf, systemErrorCode } from '../system-error.ts';
import { TemplateError } from './error.ts';

/** More is a mistake: the shipped ones have a few KiB. */
const LARGEST = 256 * 1024;
/** All of them together; a ConfigMap holds no more. */
const LARGEST_SUM = 1024 * 1024;
/** How often files are read again that change while they are read. */
const MOST_TRIES = 5;

/**
 * Reads the templates of a directory: every `*.hbs` in it, and nothing below it. A mounted ConfigMap keeps its data in a
 * folder there and changes all files at once, by another folder behind the link `..data`: files of two versions are never
 * mixed.
 * @returns text by file name
 * @throws {TemplateError} where the directory or a file cannot be read, is too large or no text
 */
export async function readTemplates(directory: string): Promise<ReadonlyMap<string, string>> {
  for (let tries = 1; ; tries += 1) {
    const version = await versionOf(directory);
    const outcome = await readAll(directory).catch((error: unknown) => asTemplateError(error));
    const isWhole = (await versionOf(directory)) === version;
    if (isWhole || tries === MOST_TRIES) {
      if (outcome instanceof TemplateError) {
        throw outcome;
      }
      return outcome;
    }
  }
}

/** The folder that a mounted ConfigMap shows at present; undefined where the directory is none. */
async function versionOf(directory: string): Promise<string | undefined> {
  try {
    return await realpath(join(directory, '..data'));
  } catch {
    return undefined;
  }
}

async function readAll(directory: string): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.hbs')).sort();
  const files = new Map<string, string>();
  let sum = 0;
  for (const name of names) {
    const bytes = await readBounded(directory, name);
    sum += bytes.length;
    if (sum > LARGEST_SUM) {
      throw new TemplateError(`the templates are larger than ${LARGEST_SUM / 1024} KiB together; remove what is none`);
    }
    files.set(name, textOf(bytes, name));
  }
  return files;
}

async function readBounded(directory: string, name: string): Promise<Buffer> {
  // Not blocking: nobody may ever write into a pipe of that name.
  const file = await open(join(directory, name), constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) {
      throw new TemplateError(`${name} is no file; remove it, or give it another name`);
    }
    if (stat.size > LARGEST) {
      throw new TemplateError(`${name} is larger than ${LARGEST / 1024} KiB; that cannot be a template`);
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function textOf(bytes: Buffer, name: string): string {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    return decoder.decode(bytes);
  } catch (error) {
    // A newline is never a part of another character in UTF-8, so each line can be looked at by itself.
    let line = 0;
    for (let from = 0; from <= bytes.length; line += 1) {
      const end = bytes.indexOf(0x0a, from);
      const to = end === -1 ? bytes.length : end;
      if (!isText(bytes.subarray(from, to))) {
        break;
      }
      from = to + 1;
    }
    throw new TemplateError(
      'it is not text in UTF-8; save it as that',
      { file: name, line: line + 1 },
      { cause: error },
    );
  }
}

function isText(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function asTemplateError(error: unknown): TemplateError {
  if (error instanceof TemplateError) {
    return error;
  }
  const missing = systemErrorCode(error) === 'ENOENT' ? 'they are missing' : messageOf(error);
  return new TemplateError(`the templates cannot be read: ${missing}; look at --template-directory`, undefined, {
    cause: error,
  });
}
