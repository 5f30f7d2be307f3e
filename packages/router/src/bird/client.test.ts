import { once } from 'node:events';
import { rename } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import * as fc from 'fast-check';
import { connectControl, ControlError } from './client.ts';
import { GREETING, ScriptedBird } from './testing.ts';

describe('the control socket', () => {
  it('answers commands in their order', async () => {
    await using bird = await ScriptedBird.start(GREETING, (line, socket) => socket.write(`1000-${line}\n0000 \n`));
    const connection = await connectControl(bird);
    const replies = await Promise.all(['one', 'two', 'three'].map((text) => connection.command(text)));
    expect(replies.map(({ lines }) => lines[0]?.text)).toEqual(['one', 'two', 'three']);
    connection.close();
    expect(connection.isOpen).toBe(false);
  });

  it('is understood however its answers are cut, of several lines and several commands at once too', async () => {
    let cuts: readonly number[] = [];
    await using bird = await ScriptedBird.start(GREETING, (line, socket) => {
      const whole = Buffer.from(`1002-${line}\n ünd more of it\n1006-\n+a message of the log\n0000 \n`);
      const edges = [0, ...cuts.map((cut) => cut % whole.length).sort((a, b) => a - b), whole.length];
      for (const [index, edge] of edges.slice(1).entries()) {
        socket.write(whole.subarray(edges[index], edge));
      }
    });
    const connection = await connectControl(bird);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 200 }), { maxLength: 12 }),
        fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 4 }),
        async (points, commands) => {
          cuts = points;
          const replies = await Promise.all(commands.map((text) => connection.command(text)));
          expect(replies.map(({ lines }) => lines.map(({ text }) => text))).toEqual(
            commands.map((text) => [text, 'ünd more of it', '', '']),
          );
        },
      ),
      { numRuns: 200 },
    );
    connection.close();
  });

  it('that is not there says to start BIRD', async () => {
    await expect(connectControl({ path: '/nonexistent/bird.ctl' })).rejects.toMatchObject({
      code: 'NotRunning',
      message: expect.stringContaining('start bird -f'),
    });
  });

  it('of a BIRD that has ended is as good as none', async () => {
    await using bird = await ScriptedBird.start();
    // A listener that goes away without removing its file, as after SIGKILL.
    const moved = `${bird.path}.moved`;
    await rename(bird.path, moved);
    bird.server.close();
    await rename(moved, bird.path);
    await expect(connectControl(bird)).rejects.toMatchObject({ code: 'NotRunning' });
  });

  it('that does not greet in time is given up', async () => {
    await using bird = await ScriptedBird.start('');
    await expect(connectControl({ path: bird.path, timeoutMs: 20 })).rejects.toMatchObject({ code: 'TimedOut' });
  });

  it('that accepts commands and never answers is given up, with all that waits', async () => {
    await using bird = await ScriptedBird.start();
    const connection = await connectControl(bird);
    const outcomes = await Promise.allSettled([connection.command('one', 20), connection.command('two')]);
    expect(outcomes).toMatchObject([{ reason: { code: 'TimedOut' } }, { reason: { code: 'TimedOut' } }]);
    expect(connection.isOpen).toBe(false);
  });

  it('of another program is refused', async () => {
    await using bird = await ScriptedBird.start('220 mail.example.com ESMTP\n');
    await expect(connectControl(bird)).rejects.toMatchObject({ code: 'Disconnected' });
    await expect(connectControl(bird)).rejects.toBeInstanceOf(ControlError);
  });

  it.each([
    ['another greeting', '0000 \n'],
    ['a log message without an end', `+${'x'.repeat(17 * 1024 * 1024)}`],
  ])('with %s is refused', async (_, greeting) => {
    await using bird = await ScriptedBird.start(greeting);
    await expect(connectControl(bird)).rejects.toMatchObject({ code: 'Disconnected' });
  });

  it('that says what nobody asked for is given up, as answers could no longer be told apart', async () => {
    await using bird = await ScriptedBird.start();
    const connection = await connectControl(bird);
    bird.say('0013 Daemon is up and running\n');
    while (connection.isOpen) {
      await turn();
    }
    await expect(connection.command('one')).rejects.toMatchObject({
      code: 'Disconnected',
      message: expect.stringContaining('without being asked'),
    });
  });

  it('that closes in the middle of an answer fails every command that waits', async () => {
    await using bird = await ScriptedBird.start(GREETING, (_, socket) => socket.end('1002-half an ans'));
    const connection = await connectControl(bird);
    const outcomes = await Promise.allSettled([connection.command('one'), connection.command('two')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(connection.command('three')).rejects.toMatchObject({ code: 'Disconnected' });
  });

  it('is closed by its signal, while it is being made too', async () => {
    await using bird = await ScriptedBird.start('');
    const abort = new AbortController();
    const connecting = connectControl({ path: bird.path, signal: abort.signal });
    await once(bird.server, 'connection');
    abort.abort();
    await expect(connecting).rejects.toMatchObject({ code: 'Disconnected' });
  });
});
