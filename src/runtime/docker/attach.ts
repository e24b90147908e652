import type { AttachOptions, Engine, Session } from '../engine.ts';
import type { EngineLimits } from './engine-limits.ts';
import { NO_DETACH_KEYS, openSession } from './session.ts';
import type { Transport } from './transport.ts';

/** POST /containers/{id}/attach, /containers/{id}/resize. */
export function attachCalls(transport: Transport, limits: EngineLimits): Pick<Engine, 'attach'> {
  return { attach: (id, options) => attach(transport, limits, id, options) };
}

async function attach(
  transport: Transport,
  { changeMs }: EngineLimits,
  id: string,
  { tty, stdin }: AttachOptions,
): Promise<Session> {
  const operation = `attach to ${id}`;
  const path = encodeURIComponent(id);
  const socket = await transport.hijack(operation, (docker) =>
    docker.getContainer(path).attach({
      hijack: true,
      stream: true,
      stdin,
      stdout: true,
      stderr: true,
      detachKeys: NO_DETACH_KEYS,
    }),
  );
  const { ended, ...session } = openSession(socket, {
    tty,
    operation,
    transport,
    resize: (columns, rows) =>
      transport.ask(operation, changeMs, async (docker) => {
        await docker.getContainer(path).resize({ _query: { w: columns, h: rows }, _body: {} });
      }),
  });
  // Readers of the output hear of a failure.
  ended.catch(() => undefined);
  if (!stdin) socket.end();
  return session;
}
