import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { TcpRelay } from './tcp-relay.ts';

let server: Server;
let relay: TcpRelay;
/** What the server has heard, all connections together. */
let heard: string;

beforeEach(async () => {
  heard = '';
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      heard += bytes.toString();
      socket.write(bytes);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  relay = await TcpRelay.start({ port: (server.address() as AddressInfo).port });
});

afterEach(async () => {
  await relay[Symbol.asyncDispose]();
  server.close();
});

async function open(): Promise<Socket> {
  const socket = connect(relay.port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

async function echo(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  return bytes.toString();
}

it('carries bytes and ends', async () => {
  const socket = await open();
  expect(await echo(socket, 'a')).toBe('a');
  socket.end();
  await once(socket, 'close');
});

it('holds what there is, lets new connections work, and passes on what was held even when its sender is gone', async () => {
  const old = await open();
  await echo(old, 'a');
  relay.hold();
  old.write('b');
  await relay.untilHeld(1);
  old.destroy();
  const fresh = await open();
  expect(await echo(fresh, 'c')).toBe('c');
  expect(heard).toBe('ac');
  relay.release();
  expect(await echo(fresh, 'd')).toBe('d');
  expect(heard.split('').sort().join('')).toBe('abcd');
  fresh.destroy();
});

it('holds one direction, and connections that come', async () => {
  const old = await open();
  await echo(old, 'a');
  relay.hold({ directions: ['to-client'], coming: true });
  const fresh = await open();
  fresh.write('b');
  const answer = once(fresh, 'data');
  relay.admit();
  expect(await echo(await open(), 'c')).toBe('c');
  expect(heard).toContain('b');
  relay.release();
  expect(String((await answer)[0])).toBe('b');
  old.destroy();
  fresh.destroy();
});
