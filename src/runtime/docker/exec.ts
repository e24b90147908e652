import { setTimeout as sleep } from 'node:timers/promises';

import type { Engine, ExecRequest, ExecSession } from '../engine.ts';
import type { EngineLimits } from './engine-limits.ts';
import { NO_DETACH_KEYS, openSession } from './session.ts';
import type { Transport } from './transport.ts';

/** POST /containers/{id}/exec, /exec/{id}/start, GET /exec/{id}/json. */
export function execCalls(transport: Transport, limits: EngineLimits): Pick<Engine, 'exec'> {
  return { exec: (id, request) => startExec(transport, limits, id, request) };
}

async function startExec(
  transport: Transport,
  { readMs, changeMs }: EngineLimits,
  container: string,
  request: ExecRequest,
): Promise<ExecSession> {
  const operation = `exec in ${container}`;
  const exec = await transport.ask(operation, changeMs, async (docker) => {
    const made = await docker.getContainer(encodeURIComponent(container)).exec({
      Cmd: [...request.command],
      Tty: request.tty,
      DetachKeys: NO_DETACH_KEYS,
      AttachStdin: request.stdin,
      AttachStdout: true,
      AttachStderr: true,
      ...(request.env === undefined ? {} : { Env: [...request.env] }),
    });
    return made.id;
  });
  // dockerode's own `stdin` option would keep the request open instead of using the connection that it gets.
  const socket = await transport.hijack(operation, (docker) =>
    docker.getExec(exec).start({ hijack: true, Detach: false, Tty: request.tty }),
  );
  const inspect = () =>
    transport.ask(operation, readMs, async (docker) => {
      const { Running: running, ExitCode: code } = await docker.getExec(exec).inspect();
      return running ? null : (code ?? null);
    });
  const { ended, ...session } = openSession(socket, {
    tty: request.tty,
    operation,
    transport,
    resize: (columns, rows) =>
      transport.ask(operation, changeMs, async (docker) => {
        await docker.getExec(exec).resize({ _query: { w: columns, h: rows }, _body: {} });
      }),
  });
  const exitCode = ended.then(() => untilKnown(inspect));
  // Whoever only wants the output need not ask for the code.
  exitCode.catch(() => undefined);
  if (!request.stdin) socket.end();
  return { ...session, exitCode };
}

/** The connection may end a moment before the engine knows the code, or long before when the command closed its output. */
async function untilKnown(inspect: () => Promise<number | null>): Promise<number> {
  for (let delayMs = 5; ; delayMs = Math.min(delayMs * 2, 1000)) {
    const code = await inspect();
    if (code !== null) return code;
    await sleep(delayMs);
  }
}
