import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';

import { answers, LoadScene, nextGeneration, type Served } from '../support/load.ts';
import { freePort, unfolded, until } from '../support/stack-cli.ts';
import { behindNginxToo } from '../support/verdict/case.ts';

// What becomes of web sockets, through haproxy and through nginx, while the server behind both is replaced.

/** Answers requests with its generation, and what comes over a web socket with its generation before it. */
const SERVER = `import { createHash } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { createServer } from 'node:http';

const { GENERATION } = process.env;
const server = createServer((request, response) => response.end(GENERATION));
server.on('upgrade', (request, socket) => {
  const key = request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
  const accept = createHash('sha1').update(key).digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n');
  socket.write('Sec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n');
  socket.on('error', () => {});
  socket.on('end', () => socket.end());
  socket.on('data', () => socket.write(GENERATION));
});
const [path] = process.argv.slice(2);
server.listen(path, () => chmodSync(path, 0o777));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

/** Asks every 50 ms who is at the other end. */
class WebSocketClient {
  /** What the other end said last; empty: nothing yet. */
  last = '';
  isOpen = true;
  readonly #socket;
  readonly #asking;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.write(
      `GET /cable HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    this.#asking = setInterval(() => this.#socket.write('?'), 50);
    let head: string | null = '';
    this.#socket.setEncoding('utf8');
    this.#socket.on('data', (data: string) => {
      if (head === null) {
        this.last = data.slice(-1);
        return;
      }
      head += data;
      if (head.includes('\r\n\r\n')) {
        expect(head).toMatch(/^HTTP\/1.1 101 /);
        head = null;
      }
    });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.isOpen = false;
      clearInterval(this.#asking);
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

function sceneOf(scene: LoadScene, nginxPort: number): Served {
  const made = scene.served('node', (text) =>
    text.replace('timeout server 60s', 'timeout server 2s\n  timeout tunnel 1h'),
  );
  writeFileSync(join(scene.folder.folder, 'server.mjs'), SERVER);
  Object.assign(made.app, {
    containers: 1,
    entrypoint: ['node', '/ws/server.mjs'],
    command: ['/var/lib/haproxy/socks/%{app_name}.sock'],
    volumes: [`${scene.folder.folder}:/ws:ro`],
    drain_timeout: 3,
    stop_timeout: 1,
  });
  behindNginxToo(made, nginxPort);
  return made;
}

test('web sockets go on while requests get to the new generation, and end with the stop of the old one', async () => {
  await LoadScene.within('e2e-websockets', async (scene) => {
    const ports = [scene.port, await freePort()];
    const made = sceneOf(scene, ports[1] ?? 0);
    await scene.up(made);
    await answers(`http://127.0.0.1:${ports[1]}`);
    const open = () => ports.map((port) => new WebSocketClient(port));
    const said = async () => {
      nextGeneration(made);
      scene.folder.write(made.stack);
      return unfolded((await scene.folder.run(['plan'])).stdout);
    };

    // One more that its client closes in time.
    const clients = [...open(), ...open()];
    await until(
      () => Promise.resolve(clients),
      (all) => all.every(({ last }) => last === '1'),
    );
    expect(await said()).toMatch(
      /zero downtime.*web sockets through `haproxy` and `nginx` are cut off after 4 s at the latest/s,
    );

    const [anew] = await Promise.all([
      scene.folder.run(['apply', '--yes']).then((ran) => ran.stderr + ran.stdout),
      until(
        () => fetch(`${scene.url}/`).then((answer) => answer.text()),
        (text) => text === '2',
      ).then(async () => {
        for (const client of clients) client.last = '';
        await until(
          () => Promise.resolve(clients),
          (all) => all.every(({ last }) => last === '1'),
        );
        for (const client of clients.slice(2)) client.close();
      }),
    ]);
    expect(unfolded(anew)).toMatch(/2 connections are open after 3\.\d s, and end with the stop/);
    expect(clients.map(({ isOpen }) => isOpen)).toEqual([false, false, false, false]);

    // The plan has learnt of them, and forgets it after an apply without any.
    const next = open();
    await until(
      () => Promise.resolve(next),
      (all) => all.every(({ last }) => last === '2'),
    );
    expect(await said()).toContain(
      'unproven: the 2 connections that its last drain left open must have been upgraded (web sockets)',
    );
    for (const client of next) client.close();
    await sleep(100);
    await scene.apply(made);
    expect(await said()).toContain('Requests: zero downtime.');
  });
}, 60_000);
