import { createServer, connect, type Socket } from 'node:net';
import { rm } from 'node:fs/promises';

/** A socket between a client and an engine that keeps what the client said. */
export interface RecordingProxy {
  readonly path: string;
  /** The first line of every request: `POST /v1.41/containers/create?name=x HTTP/1.1`. */
  requestLines(): readonly string[];
  /** Everything that was sent. */
  sent(): string;
  close(): Promise<void>;
}

/** Passes bytes on from the unix socket `path` to the one at `target`, and back. */
export async function recordingProxy(path: string, target: string): Promise<RecordingProxy> {
  let sent = '';
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const engine = connect({ path: target, allowHalfOpen: true });
    for (const socket of [client, engine]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('data', (chunk) => {
      sent += chunk.toString('latin1');
    });
    client.pipe(engine);
    engine.pipe(client);
  });
  await new Promise<void>((resolve) => {
    server.listen(path, resolve);
  });
  return {
    path,
    requestLines: () =>
      [...sent.matchAll(/(?:GET|POST|DELETE|PUT|HEAD) \S+ HTTP\/1\.1/g)].map(([line]) => line),
    sent: () => sent,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(path, { force: true });
    },
  };
}
