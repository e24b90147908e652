import { existsSync, readFileSync } from 'node:fs';

import { lineSplitter } from '../../agent/line-splitter.ts';
import { ENGINE_SOCKET } from '../../compiler/plan/agent-spec.ts';
import { WORKER_FOLDER, workerConfig } from '../../compiler/plan/worker-config.ts';
import { workerName } from '../../compiler/names.ts';
import { agentImage, buildAgentImage } from '../../runtime/agent/agent-image.ts';
import type { ContainerConfig } from '../../compiler/plan/container-config.ts';
import { EngineError, type Engine, type OwnedFile, type Session } from '../../runtime/engine.ts';
import { seconds } from '../../runtime/files/place-files.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { writeData, writeNote } from '../output.ts';
import { begunIn, LONGEST_LINE, type Handed } from './handed.ts';

/** Where an apply is handed to. */
export interface HandOver {
  readonly stack: string;
  readonly engine: Engine;
  /** The engine's socket on its own host; null: docker's default. */
  readonly engineSocket: string | null;
  /** Whether it sends requests of its own. */
  readonly asks: boolean;
}

/**
 * Hands an apply over to a container of its own, beside the engine, and waits until it has begun. Exit code 0 then, else the
 * one that it ended with.
 */
export async function handOver(
  context: CommandContext,
  { stack, engine, engineSocket, asks }: HandOver,
  handed: Handed,
): Promise<number> {
  await demandNone(engine, stack);
  const image = await demandImage(context, engine);
  const words = [
    ...(context.options.json ? ['--json'] : []),
    ...(context.options.verbose ? ['--verbose'] : []),
    '--parallelism',
    String(context.options.parallelism),
    'take-over',
  ];
  const config = workerConfig(stack, {
    image,
    engineSocket: engineSocket ?? ENGINE_SOCKET,
    asks,
    command: words,
  });
  const id = await create(engine, stack, config);
  let hasBegun = false;
  try {
    await engine.putFiles(id, programFiles(), seconds(context.io.clock));
    const session = await engine.attach(id, { tty: false, stdin: true });
    try {
      await engine.startContainer(id);
      await session.write(`${JSON.stringify(handed)}\n`);
      session.endInput();
      hasBegun = await begins(context, session);
    } finally {
      session.destroy();
    }
    if (!hasBegun) return await engine.waitContainer(id);
  } finally {
    // One that has begun after all stays: nobody has to hear of it to end.
    if (!hasBegun) await engine.removeContainer(id, { force: false }).catch(() => undefined);
  }
  writeNote(
    context,
    `the apply goes on by itself, in the container \`${config.name}\`: \`stack attach\` follows it; \`docker stop ${config.name}\` lets it finish what is under way`,
  );
  return exitCode.done;
}

/** The one thing in it that may be wrong is where the engine's socket is. */
async function create(engine: Engine, stack: string, config: ContainerConfig): Promise<string> {
  try {
    return await engine.createContainer(config);
  } catch (error) {
    if (isConflict(error)) throw goesOn(stack);
    const [mount] = config.mounts;
    if (!(error instanceof EngineError) || error.kind !== 'invalid' || mount === undefined) throw error;
    throw new CommandFailure(
      exitCode.failed,
      `the engine's host has no socket of the engine at \`${mount.source}\`; nothing was done`,
      '`--engine-socket PATH` says where it is there',
    );
  }
}

/** Fails with 75 while one goes on; one that is over gives way. */
async function demandNone(engine: Engine, stack: string): Promise<void> {
  const name = workerName(stack);
  const found = await engine.findContainer(name);
  if (found === null) return;
  try {
    if (found.state === 'running' || found.state === 'paused') throw goesOn(stack);
    // It may be started just now.
    await engine.removeContainer(found.id, { force: false });
  } catch (error) {
    throw isConflict(error) ? goesOn(stack) : error;
  }
}

function goesOn(stack: string): CommandFailure {
  return new CommandFailure(
    exitCode.locked,
    `an apply of stack \`${stack}\` goes on by itself, in the container \`${workerName(stack)}\`; nothing was done`,
    '`stack attach` follows it',
  );
}

function isConflict(error: unknown): boolean {
  return error instanceof EngineError && error.kind === 'conflict';
}

async function demandImage(context: CommandContext, engine: Engine): Promise<string> {
  const { tag } = agentImage();
  if ((await engine.inspectImage(tag)) !== null) return tag;
  writeNote(context, `building ${tag}`);
  return buildAgentImage(engine, {}, () => undefined);
}

/** Shows what it says until it has begun. Resolves to false where it ends before that. */
async function begins(context: CommandContext, session: Session): Promise<boolean> {
  const ended = show(session.stderr, (line) => {
    writeNote(context, line);
    return false;
  });
  const hasBegun = await show(session.stdout, (line) => {
    const isBegin = begunIn(line) !== null;
    if (!isBegin) writeData(context, `${line}\n`);
    return isBegin;
  });
  if (!hasBegun) await ended;
  return hasBegun;
}

async function show(from: AsyncIterable<Uint8Array>, isLast: (line: string) => boolean): Promise<boolean> {
  const split = lineSplitter(LONGEST_LINE);
  for await (const chunk of from) if (split(chunk).some((line) => line !== null && isLast(line))) return true;
  return false;
}

/** This program, as it was built. */
function programFiles(): readonly OwnedFile[] {
  const file = (name: string, at: string) => ({
    path: `${WORKER_FOLDER}/${name}`,
    content: readFileSync(new URL(at, import.meta.url)),
    mode: 0o644,
    uid: 0,
    gid: 0,
  });
  if (!existsSync(new URL('./program.cjs', import.meta.url)))
    throw new CommandFailure(
      exitCode.failed,
      'only the built program can hand an apply over',
      '`npm run build`',
    );
  return [
    file('stack.cjs', './stack.cjs'),
    file('program.cjs', './program.cjs'),
    file('agent/agent.mjs', './agent/agent.mjs'),
    file('agent/scheduler.mjs', './agent/scheduler.mjs'),
    file('agent/Dockerfile', './agent/Dockerfile'),
    file('agent/older-node.cjs', './agent/older-node.cjs'),
    file('agent/session.sh', './agent/session.sh'),
    file('older-node.cjs', './agent/older-node.cjs'),
  ];
}
