import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to a server that breaks down once. */
export interface FlakyWay {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** How often a connection broke off, or was refused. */
  readonly broken: () => number;
  close(): Promise<void>;
}

/** Passes on what goes to `host`, until so many bytes have come back: then all breaks off, and nobody gets through for a while. */
export async function flakyWay(host: string, { afterBytes, forMs }: { afterBytes: number; forMs: number }) {
  const [hostname = '', port] = host.split(':');
  const sockets = new Set<Socket>();
  let passed = 0;
  let broken = 0;
  let until = 0;
  const server = createServer((near) => {
    if (Date.now() < until) {
      broken += 1;
      near.destroy();
      return;
    }
    const far = connect({ host: hostname, port: Number(port) });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
    near.pipe(far);
    far.on('data', (data: Buffer) => {
      passed += data.length;
      if (until === 0 && passed > afterBytes) {
        broken += 1;
        until = Date.now() + forMs;
        for (const socket of sockets) socket.destroy();
      } else near.write(data);
    });
    far.on('end', () => near.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const way: FlakyWay = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    broken: () => broken,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
  return way;
}
