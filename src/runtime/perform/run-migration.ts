import type { DesiredContainer } from '../../compiler/desired/desired-state.ts';
import { runConfig } from '../../compiler/plan/instance-config.ts';
import type { Operation } from '../../compiler/plan/operation.ts';
import { elapsed } from '../elapsed.ts';
import { EngineError } from '../engine.ts';
import type { ExecuteOptions } from '../execute.ts';
import { lines } from '../log-lines.ts';

/** How much of a failed run's output goes into the failure. */
const TAIL = 20;

/** A migration did not succeed; its container is kept as the record. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly log: readonly string[];

  constructor(message: string, log: readonly string[]) {
    super(message);
    this.log = log;
  }
}

/**
 * Runs a migration to its end, its output told line by line. The exited container stays: with exit code 0 it is the
 * record that this image and command are done, and the earlier ones go.
 *
 * Rejects with {@link MigrationError} on another exit code or beyond the time limit, when it is killed.
 */
export async function runMigration(
  op: Extract<Operation, { kind: 'migration.run' }>,
  container: DesiredContainer,
  stack: string,
  { engine, clock, stop }: ExecuteOptions,
  onProgress: (line: string) => void,
): Promise<string> {
  const { migration } = container;
  if (migration === null)
    throw new Error(`the plan runs a migration of \`${container.key}\`, which has none`);
  const image = await engine.inspectImage(container.image.reference);
  if (image === null)
    throw new EngineError('not-found', 'inspect image', `no image ${container.image.reference}`, 404);
  const id = await engine.createContainer(
    runConfig(stack, container, container.template, {
      name: op.name,
      role: 'migration',
      generation: op.generation,
      command: migration.command,
      shown: migration.shown,
      imageId: image.id,
      tty: false,
      openStdin: false,
    }),
  );
  const startedAt = clock.now();
  const over = new AbortController();
  const signal = stop === undefined ? over.signal : AbortSignal.any([over.signal, stop]);
  // Asked before the start, so that an end at once is not missed.
  const exit = engine.waitContainer(id, signal);
  exit.catch(() => {});
  await engine.startContainer(id);

  const tail: string[] = [];
  const output = (async () => {
    for await (const line of lines(
      engine.logs(id, { tail: null, follow: true, timestamps: false, signal }),
    )) {
      tail.push(line);
      if (tail.length > TAIL) tail.shift();
      onProgress(line);
    }
  })();
  output.catch(() => {});
  const limit = clock.sleep(migration.timeoutMs, signal).then(() => 'late' as const);
  limit.catch(() => {});
  try {
    const code = await Promise.race([exit, limit]);
    if (code === 'late') {
      await engine.stopContainer(id, 10);
      throw new MigrationError(`the migration did not end within ${elapsed(migration.timeoutMs)}`, tail);
    }
    await Promise.race([output.catch(() => {}), clock.sleep(2_000, signal)]);
    if (code !== 0) throw new MigrationError(`the migration exited with code ${code}`, tail);
  } finally {
    over.abort();
  }
  for (const earlier of op.replaces) await engine.removeContainer(earlier, { volumes: true });
  return `exited with code 0 after ${elapsed(clock.now() - startedAt)}`;
}
