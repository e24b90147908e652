import type { ExecSession } from '../../runtime/engine.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import { listInstances, selectInstances } from '../instances.ts';
import type { CommandContext, Io, OutputStream } from '../io.ts';
import { stackName } from '../stack-name.ts';

/** How a command is run inside. */
export interface ExecFlags {
  readonly file: string | undefined;
  /** False with `--no-tty`. */
  readonly tty: boolean;
}

/**
 * `stack exec NAME -- CMD…`: runs a command in a running instance (of a container, the first) and passes its exit
 * code on. With terminals on both sides the command gets one too.
 */
export async function exec(
  context: CommandContext,
  name: string,
  command: readonly string[],
  flags: ExecFlags,
): Promise<number> {
  const { io } = context;
  const stack = await stackName(context, flags.file);
  const { engine } = await context.connect();
  const found = selectInstances(await listInstances(engine, stack), stack, name);
  const target = found.find(({ phase, summary }) => phase === 'current' && summary.state === 'running');
  if (target === undefined) {
    throw new CommandFailure(exitCode.failed, `\`${name}\` is not running`, '`stack status` shows what is');
  }
  const tty = flags.tty && io.stdin.isTTY === true && io.stdout.isTTY === true;
  const term = io.env['TERM'];
  const session = await engine.exec(target.summary.id, {
    command,
    tty,
    stdin: true,
    ...(tty && term !== undefined ? { env: [`TERM=${term}`] } : {}),
  });
  return converse(io, session, tty);
}

async function converse(io: Io, session: ExecSession, tty: boolean): Promise<number> {
  const { stdin, stdout } = io;
  const resize = () => {
    // Some terminals do not know their size and say 0. A command that has ended has none left to resize.
    session.resize(stdout.columns || 80, stdout.rows || 24).catch(() => undefined);
  };
  const send = (data: Buffer | string) => session.write(data);
  const end = () => session.endInput();
  const cut = () => session.destroy();
  io.outputClosed.addEventListener('abort', cut);
  stdin.on('data', send);
  stdin.once('end', end);
  if (tty) {
    stdin.setRawMode?.(true);
    stdout.on('resize', resize);
    resize();
  }
  try {
    await Promise.all([
      copy(session.stdout, stdout, io.outputClosed),
      copy(session.stderr, io.stderr, io.outputClosed),
    ]);
    return io.outputClosed.aborted ? exitCode.done : await session.exitCode;
  } finally {
    if (tty) {
      stdin.setRawMode?.(false);
      stdout.off('resize', resize);
    }
    stdin.off('data', send);
    stdin.off('end', end);
    stdin.pause();
    io.outputClosed.removeEventListener('abort', cut);
    session.destroy();
  }
}

async function copy(from: AsyncIterable<Uint8Array>, to: OutputStream, closed: AbortSignal): Promise<void> {
  try {
    for await (const data of from) {
      // One chunk at a time: what a slow reader has not taken stays in the engine.
      if (!to.write(data)) await drained(to, closed);
      if (closed.aborted) return;
    }
  } catch (error) {
    if (!closed.aborted) throw error;
  }
}

function drained(stream: OutputStream, closed: AbortSignal): Promise<void> {
  return new Promise((ready) => {
    const done = () => {
      stream.off('drain', done);
      closed.removeEventListener('abort', done);
      ready();
    };
    stream.once('drain', done);
    // A reader that left never drains.
    closed.addEventListener('abort', done);
  });
}
