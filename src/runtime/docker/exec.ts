import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Engine, ExecRequest, ExecSession } from '../engine.ts';
import type { EngineLimits } from './engine-limits.ts';
import { CutOff, toEngineError } from './engine-errors.ts';
import { FrameReader } from './frames.ts';
import { OutputQueue } from './output-queue.ts';
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
  const { stdout, stderr, ended } = readOutput(socket, request.tty, operation, transport);
  const exitCode = ended.then(() => untilKnown(inspect));
  // Whoever only wants the output need not ask for the code.
  exitCode.catch(() => undefined);
  if (!request.stdin) socket.end();
  return {
    stdout,
    stderr,
    exitCode,
    write: (data) => void (socket.writable && socket.write(data)),
    endInput: () => void (socket.writable && socket.end()),
    resize: (columns, rows) =>
      transport.ask(operation, changeMs, async (docker) => {
        await docker.getExec(exec).resize({ _query: { w: columns, h: rows }, _body: {} });
      }),
    destroy: () => void socket.destroy(),
  };
}

/** Above it reading pauses, unless a reader waits: the other stream's bytes come over the same connection. */
const BUFFERED_BYTES = 1 << 20;

function readOutput(socket: Duplex, tty: boolean, operation: string, transport: Transport) {
  const balance = () => {
    const isWanted = stdout.isWanted || stderr.isWanted;
    if (!isWanted && stdout.bytes + stderr.bytes > BUFFERED_BYTES) socket.pause();
    else if (socket.isPaused()) socket.resume();
  };
  const stdout = new OutputQueue(balance);
  const stderr = new OutputQueue(balance);
  const frames = new FrameReader({ tty });
  const ended = new Promise<void>((resolve, reject) => {
    const finish = (cause: unknown) => {
      const error = cause === null ? null : toEngineError(cause, operation, transport.endpoint);
      stdout.end(error);
      stderr.end(error);
      if (error === null) resolve();
      else reject(error);
    };
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const { stream, data } of frames.push(chunk)) (stream === 'stdout' ? stdout : stderr).push(data);
        balance();
      } catch (error) {
        socket.destroy();
        finish(error);
      }
    });
    socket.on('end', () => {
      try {
        frames.end();
        finish(null);
      } catch (error) {
        finish(error);
      }
    });
    socket.on('error', (error: Error) => finish(error));
    socket.on('close', () => finish(new CutOff()));
  });
  return { stdout, stderr, ended };
}

/** The connection may end a moment before the engine knows the code, or long before when the command closed its output. */
async function untilKnown(inspect: () => Promise<number | null>): Promise<number> {
  for (let delayMs = 5; ; delayMs = Math.min(delayMs * 2, 1000)) {
    const code = await inspect();
    if (code !== null) return code;
    await sleep(delayMs);
  }
}
