import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const module = join(import.meta.dirname, 'index.ts');

/** Starts a program whose main function has this body; resolves with its end when it has run its course. */
function start(body: string) {
  const source = `import { runMain, parseFlags, ExitRequest } from ${JSON.stringify(module)};
    await runMain('program', async (signal) => { ${body} });`;
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module-typescript', '--eval', source]);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const end = once(child, 'close').then(([code]) => ({ code: code as number | null, output }));
  return { child, end, ready: once(child.stdout, 'data') };
}

const FOREVER = "console.log('ready'); await new Promise(() => setInterval(() => {}, 1000));";

describe('runMain', () => {
  it('exits with 0 when the program returns, whatever is still open', async () => {
    expect(await start('setInterval(() => {}, 1000);').end).toMatchObject({ code: 0 });
  });

  it('aborts the signal at SIGTERM and exits with 0', async () => {
    const program = start(
      "console.log('ready'); const t = setInterval(() => {}, 1000); await new Promise((r) => signal.addEventListener('abort', r)); console.log('bye', signal.reason.message);",
    );
    await program.ready;
    program.child.kill('SIGTERM');
    const { code, output } = await program.end;
    expect([code, output]).toEqual([0, 'ready\nbye stopped by SIGTERM\n']);
  });

  it('exits within 2 s of SIGTERM when the program hangs', async () => {
    const program = start(FOREVER);
    await program.ready;
    const begun = performance.now();
    program.child.kill('SIGTERM');
    expect(await program.end).toMatchObject({ code: 0 });
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  it('ends in order when the signal comes twice at once, as from `timeout`, which tells the group as well', async () => {
    const program = start(
      "console.log('ready'); const t = setInterval(() => {}, 1000); await new Promise((r) => signal.addEventListener('abort', () => { console.log('ending'); setTimeout(r, 100); })); console.log('bye');",
    );
    await program.ready;
    const ending = once(program.child.stdout, 'data');
    program.child.kill('SIGTERM');
    await ending;
    program.child.kill('SIGTERM');
    expect(await program.end).toEqual({ code: 0, output: 'ready\nending\nbye\n' });
  });

  it('exits at once at a second signal', async () => {
    const program = start(
      `signal.addEventListener('abort', () => setTimeout(() => console.log('still here'), 350)); ${FOREVER}`,
    );
    await program.ready;
    const stillHere = once(program.child.stdout, 'data');
    program.child.kill('SIGTERM');
    await stillHere;
    const begun = performance.now();
    program.child.kill('SIGINT');
    expect(await program.end).toMatchObject({ code: 130 });
    expect(performance.now() - begun).toBeLessThan(1_000);
  });

  it('logs an error and exits with 1', async () => {
    const { code, output } = await start("throw new Error('no rights');").end;
    expect(code).toBe(1);
    expect(JSON.parse(output)).toMatchObject({ level: 'error', process: 'program', message: 'no rights' });
  });

  it('logs a rejection that nobody handles and exits with 1', async () => {
    const { code, output } = await start(`Promise.reject(new Error('forgotten')); ${FOREVER}`).end;
    expect(code).toBe(1);
    expect(output).toContain('"origin":"unhandledRejection"');
    expect(output).toContain('forgotten');
  });

  it('prints help to standard output with 0 and usage errors with 2', async () => {
    const flags = "{ workers: { type: 'integer', default: 1, description: 'Workers' } }";
    const run = (argument: string) => start(`parseFlags(${flags}, { argv: ['${argument}'], env: {} });`).end;
    expect(await run('--help')).toMatchObject({
      code: 0,
      output: expect.stringContaining('--workers NUMBER') as string,
    });
    expect(await run('--nope')).toEqual({ code: 2, output: 'program: unknown flag --nope; --help lists the flags\n' });
  });
});
