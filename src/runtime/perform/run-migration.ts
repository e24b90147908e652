import type { DesiredContainer, DesiredMigration } from '../../compiler/desired/desired-state.ts';
import { networksOfRun } from '../../compiler/desired/found.ts';
import { runConfig } from '../../compiler/plan/instance-config.ts';
import type { Operation } from '../../compiler/plan/operation.ts';
import type { Clock } from '../clock.ts';
import { elapsed } from '../elapsed.ts';
import { EngineError } from '../engine.ts';
import type { Engine } from '../engine.ts';
import type { ExecuteOptions } from '../execute-options.ts';
import { createContainer } from '../files/place-files.ts';
import { MigrationError } from './migration-error.ts';
import { lines } from '../log-lines.ts';

/** How much of a failed run's output goes into the failure. */
const TAIL = 20;

/** How long the end of a killed container is waited for. */
const KILL_MS = 10_000;

/** What a migration is run from. */
export interface MigrationSource {
  readonly container: DesiredContainer;
  /** Of the image, `sha256:…`. */
  readonly imageId: string;
}

/**
 * Runs a migration to its end, its output told line by line; one that an earlier apply has left running is waited for in
 * the same way, its time limit counted anew. The exited container stays: with exit code 0 it is the record that this image
 * and command are done, and the earlier ones go.
 *
 * Rejects with {@link MigrationError} on another exit code or beyond the time limit, when it is killed.
 */
export async function runMigration(
  op: Extract<Operation, { kind: 'migration.run' }>,
  source: MigrationSource,
  stack: string,
  { engine, clock, stop }: ExecuteOptions,
  onProgress: (line: string) => void,
): Promise<string> {
  const { migration } = source.container;
  if (migration === null)
    throw new Error(`the plan runs a migration of \`${source.container.key}\`, which has none`);
  const id = op.adopt ?? (await createRun(op, source, migration, stack, engine, clock));
  const startedAt = clock.now();
  const over = new AbortController();
  const signal = stop === undefined ? over.signal : AbortSignal.any([over.signal, stop]);
  // Asked before the start, so that an end at once is not missed.
  const exit = engine.waitContainer(id, signal);
  exit.catch(() => {});
  const tail: string[] = [];
  try {
    if (op.adopt === null) await engine.startContainer(id);
    const output = (async () => {
      const lately = op.adopt === null ? null : TAIL;
      for await (const line of lines(
        engine.logs(id, { tail: lately, follow: true, timestamps: false, signal }),
      )) {
        tail.push(line);
        if (tail.length > TAIL) tail.shift();
        onProgress(line);
      }
    })();
    output.catch(() => {});
    const limit = clock.sleep(migration.timeoutMs, signal).then(() => 'late' as const);
    limit.catch(() => {});
    const first = await Promise.race([exit, limit]);
    const code = first === 'late' ? await killed(engine, id, exit, clock.sleep(KILL_MS, signal)) : first;
    // Nothing that is killed exits with 0: that is its own end, at the very last moment.
    if (first === 'late' && code !== 0)
      throw new MigrationError(`the migration did not end within ${elapsed(migration.timeoutMs)}`, tail);
    await Promise.race([output.catch(() => {}), clock.sleep(2_000, signal)]);
    if (code !== 0) throw new MigrationError(`the migration exited with code ${code}`, tail);
  } finally {
    over.abort();
  }
  for (const earlier of op.replaces) await engine.removeContainer(earlier, { volumes: true });
  return `exited with code 0 after ${elapsed(clock.now() - startedAt)}`;
}

/** A container that is ready to be started, on all its networks. */
async function createRun(
  op: Extract<Operation, { kind: 'migration.run' }>,
  { container, imageId }: MigrationSource,
  migration: DesiredMigration,
  stack: string,
  engine: Engine,
  clock: Clock,
): Promise<string> {
  const { template } = container;
  const id = await createContainer(
    engine,
    runConfig(stack, container, template, {
      name: op.name,
      role: 'migration',
      generation: op.generation,
      command: migration.command,
      shown: migration.shown,
      imageId,
      tty: false,
      openStdin: false,
    }),
    clock,
  );
  for (const network of networksOfRun(template)) await engine.connectNetwork(network, id, []);
  return id;
}

/**
 * The exit code after a kill; null when it does not end. Killed, never asked to stop: many a program ends with 0 when it is
 * asked, and would leave the record of a success.
 */
async function killed(
  engine: Engine,
  id: string,
  exit: Promise<number>,
  limit: Promise<void>,
): Promise<number | null> {
  limit.catch(() => {});
  try {
    await engine.killContainer(id, 'SIGKILL');
  } catch (error) {
    // It has ended meanwhile; its exit code says how.
    if (!(error instanceof EngineError) || error.kind !== 'conflict') throw error;
  }
  return Promise.race([exit, limit.then(() => null)]);
}
