import { BirdConnection } from './connection.ts';
import { GREETING, ScriptedBird } from './testing.ts';

const ACCEPTED = '0002-Reading configuration from /run/fairlead/router/bird.conf\n0022-Undo scheduled in 30 s\n';

const STATUS = '1000-BIRD 2.0.12\n1011-Last reboot on 2026-11-21 11:24:42.571\n0013 Daemon is up and running\n';

/** What BIRD 2.0.12 answers, by command; `end` closes the connection instead. */
async function birdThat(answers: Readonly<Record<string, string>>): Promise<ScriptedBird> {
  let asked = 0;
  return ScriptedBird.start(GREETING, (line, socket) => {
    asked += 1;
    // The first question is that of the connection itself.
    const answer = asked === 1 ? STATUS : (answers[line] ?? '9001 syntax error\n');
    if (answer === 'end') {
      socket.destroy();
    } else {
      socket.write(answer);
    }
  });
}

const WILLING = {
  'configure timeout 30': `${ACCEPTED}0003 Reconfigured\n`,
  'show status': STATUS,
  'configure confirm': '0018 Reconfiguration confirmed\n',
} as const;

/** A connection, and what is asked over it from now on. */
async function open(bird: ScriptedBird): Promise<BirdConnection> {
  const connection = await BirdConnection.open(bird);
  bird.lines.length = 0;
  return connection;
}

it('says which BIRD it is, and since when', async () => {
  await using bird = await birdThat(WILLING);
  const connection = await open(bird);
  expect(connection).toMatchObject({ version: '2.0.12', startedAt: new Date('2026-11-21T11:24:42.571'), isOpen: true });
  connection.close();
});

it('speaks to a BIRD that greets in another way, and leaves open what that does not say', async () => {
  await using bird = await ScriptedBird.start('0001 Hello.\n', (_, socket) => socket.write('9001 syntax error\n'));
  const connection = await open(bird);
  expect(connection).toMatchObject({ version: undefined, startedAt: undefined, isOpen: true });
  connection.close();
});

describe('a configuration', () => {
  it.each(['0003 Reconfigured', '0004 Reconfiguration in progress', '0005 Reconfiguration already in progress'])(
    'is confirmed once BIRD has been seen to live with it (%s)',
    async (last) => {
      await using bird = await birdThat({ ...WILLING, 'configure timeout 30': `${ACCEPTED}${last}\n` });
      const connection = await open(bird);
      expect(await connection.configure()).toEqual({ type: 'accepted' });
      expect(bird.lines).toEqual(Object.keys(WILLING));
      connection.close();
    },
  );

  it('that is refused names its line, and nothing is confirmed', async () => {
    const refused = '0002-Reading configuration from bird.conf\n8002 bird.conf:7:3 syntax error, unexpected BGP\n';
    await using bird = await birdThat({ 'configure timeout 30': refused });
    const connection = await open(bird);
    expect(await connection.configure()).toEqual({
      type: 'invalid',
      fault: { line: 7, message: 'syntax error, unexpected BGP' },
    });
    expect(bird.lines).toEqual(['configure timeout 30']);
    connection.close();
  });

  it.each(['show status', 'configure confirm'] as const)('that BIRD ends of (%s) is not accepted', async (command) => {
    await using bird = await birdThat({ ...WILLING, [command]: 'end' });
    const connection = await open(bird);
    await expect(connection.configure()).rejects.toMatchObject({ code: 'Disconnected' });
    expect(connection.isOpen).toBe(false);
  });

  it.each([
    ['access denied', 'configure timeout 30', '8007 Access denied\n', /take `restrict` out/],
    ['a restricted socket', 'configure timeout 30', '0016 Access restricted\n', /take `restrict` out/],
    ['a BIRD that ends', 'configure timeout 30', '0006 Reconfiguration ignored, shutting down\n', /shutting down/],
    ['a confirmation that is too late', 'configure confirm', '0019 Nothing to do\n', /went back to the one before/],
    ['an answer of another version', 'configure timeout 30', '8888 What?\n', /What\? \(8888\)/],
  ])('is tried again after %s', async (_, command, answer, message) => {
    await using bird = await birdThat({ ...WILLING, [command]: answer });
    const connection = await open(bird);
    expect(await connection.configure()).toEqual({ type: 'failed', message: expect.stringMatching(message) });
    connection.close();
  });
});
