import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

import type { DesiredBuild } from '../../compiler/desired/desired-state.ts';
import type { Clock } from '../clock.ts';
import type { Engine } from '../engine.ts';
import { startCommand } from '../hooks/operator-command.ts';
import { lines } from '../log-lines.ts';
import { BuildError } from './build-error.ts';
import { buildCall, type DockerCall } from './docker-words.ts';
import { ignoreFiles, readContext } from './read-context.ts';

/** How much of the output of a failed build goes into the failure. */
const TAIL = 20;

const MEND = 'nothing was changed, and all serves as before; mend it and apply again';
const AGAIN = 'nothing was changed, and all serves as before; apply again';

/** Where images are built. */
export interface BuildWorld {
  /** The stack file's. */
  readonly folder: string;
  /** Of docker's command line, which takes the engine of the plan by it. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What a build is run with. */
export interface BuildRun {
  readonly engine: Pick<Engine, 'inspectImage' | 'removeImage'>;
  readonly clock: Clock;
  readonly onOutput: (line: string) => void;
  /** Aborted: it is asked to end. */
  readonly finish?: AbortSignal | undefined;
  /** Aborted: it is ended at once. */
  readonly stop?: AbortSignal | undefined;
}

/**
 * Builds an image with the docker of this machine, by buildx where it has that, and resolves to its id. Its tag tells its
 * content: a folder that is not as it was planned, before or after, gives no image. Rejects with {@link BuildError}.
 */
export async function buildImage(
  reference: string,
  build: DesiredBuild,
  world: BuildWorld,
  run: BuildRun,
): Promise<string> {
  run.finish?.throwIfAborted();
  await demandSame(build, world);
  const buildx = await hasBuildx(world, run);
  if (!buildx) await demandClassic(build, world, run);
  const { why, tail } = await call(
    buildCall(build, reference, { ...world, buildx }),
    world,
    run,
    run.onOutput,
  );
  if (why !== null) throw new BuildError(`the build ${why}`, MEND, tail);
  try {
    await demandSame(build, world);
  } catch (error) {
    // What it has in it, nobody knows.
    await run.engine.removeImage(reference);
    throw error;
  }
  const made = await run.engine.inspectImage(reference);
  if (made !== null) return made.id;
  throw new BuildError(
    `the build came to its end, and the engine has no image \`${reference}\``,
    'docker has built it elsewhere: `docker context ls` and `docker buildx ls` show which engine it takes',
  );
}

async function demandSame(build: DesiredBuild, { folder }: BuildWorld): Promise<void> {
  const now = await readContext({ ...build, key: '' }, folder);
  if ('error' in now) throw new BuildError(`\`${build.context}\` cannot be built: ${now.error}`, MEND);
  if (now.digest === build.content.digest) return;
  throw new BuildError(`\`${build.context}\` has changed since the plan was made`, AGAIN);
}

async function hasBuildx(world: BuildWorld, run: BuildRun): Promise<boolean> {
  const words = ['docker', 'buildx', 'version'];
  const { why } = await call({ words, env: world.env }, world, run);
  if (why === null) return true;
  if (!why.startsWith('cannot be run')) return false;
  throw new BuildError(
    `docker's command line ${why}`,
    "install it on this machine (Debian's `docker-cli` or `docker.io`); or push the image from another one, whose `stack apply` builds it: with a registry in `image` it is pulled here",
  );
}

/** What the classic builder cannot do, and would not say. */
async function demandClassic(
  { platform, dockerfile, context }: DesiredBuild,
  world: BuildWorld,
  run: BuildRun,
): Promise<void> {
  const [own] = ignoreFiles(dockerfile);
  const help = 'install buildx (`docker-buildx` or `docker-buildx-plugin`) on this machine';
  if (existsSync(resolve(world.folder, context, own)))
    throw new BuildError(`\`${own}\` is read by buildx alone, and this machine's docker has none`, help);
  if (platform === null) return;
  const words = ['docker', 'version', '--format', '{{.Server.Os}}/{{.Server.Arch}}'];
  const { why, tail } = await call({ words, env: world.env }, world, run);
  if (why !== null) throw new BuildError(`\`docker version\` ${why}`, MEND, tail);
  const engines = tail.at(-1) ?? '';
  if (engines === platform || `${engines}/v8` === platform) return;
  throw new BuildError(
    `an image for ${platform} takes buildx on an engine of ${engines}, and this machine's docker has none`,
    help,
  );
}

interface Ended {
  /** Null: it has succeeded. */
  readonly why: string | null;
  readonly tail: readonly string[];
}

async function call(
  { words, env }: DockerCall,
  { folder }: BuildWorld,
  { clock, finish, stop }: BuildRun,
  onOutput: (line: string) => void = () => undefined,
): Promise<Ended> {
  const running = startCommand(words, { folder, env, clock });
  const over = new AbortController();
  const { signal } = over;
  const end = () => void running.end();
  for (const [when, what] of [[finish, end] as const, [stop, running.kill] as const]) {
    when?.addEventListener('abort', what, { signal });
    if (when?.aborted === true) what();
  }
  const tail: string[] = [];
  try {
    for await (const written of lines(running.output)) {
      // Colours, and what is drawn over itself: its last state.
      const line = (stripVTControlCharacters(written).trimEnd().split('\r').at(-1) ?? '').trimEnd();
      if (line === '') continue;
      tail.push(line);
      if (tail.length > TAIL) tail.shift();
      onOutput(line);
    }
    return { why: await running.exit, tail };
  } finally {
    over.abort();
    await running.release();
  }
}
