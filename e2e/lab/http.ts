import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { PipedProcess, Run } from './run.ts';

/** An HTTP answer as a client in the lab got it. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** When it was complete, on the lab's clock. */
  readonly at: number;
}

/** A line to the client program. */
export interface HttpQuestion {
  readonly id: number;
  readonly url: string;
  /** 0: once. */
  readonly untilMs: number;
}

/** A line from the client program. */
export type HttpLine = { readonly id: number } & ({ readonly answer: HttpAnswer } | { readonly error: string });

const PROGRAM = join(import.meta.dirname, 'programs', 'http.ts');

/**
 * HTTP from inside namespaces: one client process a namespace, started with the first question and kept warm, so that what
 * is measured is the network and not the start of a program.
 */
export class HttpClients {
  readonly #run: Run;
  readonly #clients = new Map<string, HttpClient>();

  constructor(run: Run) {
    this.#run = run;
  }

  /** Starts the client of a namespace, unless it is there: for whoever is about to measure. */
  warm(namespace: string): HttpClient {
    let client = this.#clients.get(namespace);
    if (!client?.running) {
      client = new HttpClient(this.#run, namespace);
      this.#clients.set(namespace, client);
    }
    return client;
  }

  /** GETs a URL from a namespace, once. @throws {Error} when there is no answer within 5 s */
  async get(namespace: string, url: string): Promise<HttpAnswer> {
    return this.warm(namespace).ask(url, 0);
  }

  /**
   * Asks a URL from a namespace, every few milliseconds, until it answers 200.
   * @param timeoutMs default 10 s
   * @throws {Error} with the last error, when it has not by then
   */
  async untilOk(namespace: string, url: string, options: { timeoutMs?: number } = {}): Promise<HttpAnswer> {
    const { timeoutMs = 10_000 } = options;
    const answer = await this.warm(namespace).ask(url, timeoutMs);
    if (answer.status !== 200)
      throw new Error(`${url} from ${namespace}: ${answer.status} ${answer.body} after ${timeoutMs} ms`);
    return answer;
  }
}

class HttpClient {
  readonly #namespace: string;
  readonly #process: PipedProcess;
  readonly #questions = new Map<number, PromiseWithResolvers<HttpAnswer>>();
  #asked = 0;
  running = true;

  constructor(run: Run, namespace: string) {
    this.#namespace = namespace;
    this.#process = run.pipe([process.execPath, PROGRAM], { namespace, logErrorsTo: `http-${namespace}` });
    createInterface({ input: this.#process.stdout })
      .on('line', (line) => this.#answer(JSON.parse(line) as HttpLine))
      .on('close', () => this.#end());
  }

  async ask(url: string, untilMs: number): Promise<HttpAnswer> {
    const id = ++this.#asked;
    const question = Promise.withResolvers<HttpAnswer>();
    this.#questions.set(id, question);
    this.#process.stdin.write(`${JSON.stringify({ id, url, untilMs } satisfies HttpQuestion)}\n`);
    try {
      return await question.promise;
    } catch (error) {
      throw new Error(`${url} from ${this.#namespace}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }

  #answer(line: HttpLine): void {
    const question = this.#questions.get(line.id);
    this.#questions.delete(line.id);
    if ('answer' in line) question?.resolve(line.answer);
    else question?.reject(new Error(line.error));
  }

  #end(): void {
    this.running = false;
    for (const question of this.#questions.values())
      question.reject(new Error('the client ended (its node was killed, or the lab closed)'));
    this.#questions.clear();
  }
}
