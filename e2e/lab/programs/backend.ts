/**
 * What runs behind a Service: tells who it is and who asked, over HTTP and over UDP.
 * `node backend.ts '{"pod", "node", "addresses", "port"}'`; prints `ready` once it listens everywhere.
 * A UDP packet is answered with `POD NODE SOURCE PAYLOAD`, an HTTP request with the same as JSON.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { BackendOptions } from '../backend.ts';

/** What comes while this process waits for a processor is late, and not lost: room for a second at 1 kHz. */
const RECEIVE_BUFFER = 2 ** 20;

const { pod, node, addresses, port } = JSON.parse(process.argv[2] ?? '{}') as BackendOptions;

for (const address of addresses) {
  const http = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ pod, node, source: request.socket.remoteAddress, path: request.url }));
  });
  http.keepAliveTimeout = 0;
  http.listen({ port, host: address, ipv6Only: address.includes(':') });
  const udp = address.includes(':') ? createSocket({ type: 'udp6', ipv6Only: true }) : createSocket('udp4');
  udp.on('message', (payload, from) =>
    udp.send(Buffer.concat([Buffer.from(`${pod} ${node} ${from.address} `), payload]), from.port, from.address),
  );
  udp.bind(port, address);
  await Promise.all([once(http, 'listening'), once(udp, 'listening')]);
  udp.setRecvBufferSize(RECEIVE_BUFFER);
}
process.stdout.write('ready\n');
