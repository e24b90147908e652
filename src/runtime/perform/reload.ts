import { SOCKET_HOLE, generationSocket } from '../../compiler/desired/desired-state.ts';
import type { DesiredInstance, Reload } from '../../compiler/desired/desired-state.ts';
import { placedFiles } from '../../compiler/desired/placed-files.ts';
import { configCheck } from '../../compiler/plan/config-check.ts';
import type { Operation } from '../../compiler/plan/operation.ts';
import { reloadsOf } from '../../compiler/reconcile/reload.ts';
import type { Clock } from '../clock.ts';
import { EngineError, type ContainerDetails, type Engine, type OwnedFile } from '../engine.ts';
import { ownedFiles, seconds } from '../files/place-files.ts';
import { readStamp, STAMP, stampFile } from '../files/stamp.ts';
import { ReloadError } from './reload-error.ts';
import { isAbsent, runExec } from './run-exec.ts';
import { awaitNewWorker, startsWorkers, workersOf } from './workers.ts';

/** From the signal to the first answer with new files, many times over. */
const TAKES_EFFECT_MS = 1_000;
/** From the signal to a new worker, and twice what the check took to read the same files. */
const WORKER_MS = 10_000;

type Op<Kind extends Operation['kind']> = Extract<Operation, { kind: Kind }>;

/** What is reloaded. */
export interface Reloading {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly instance: DesiredInstance;
  /** Of the container. */
  readonly id: string;
}

/**
 * Puts an instance's files into its container, lets its program check them where it can, and lets it read them again.
 * Rejects with {@link ReloadError} when the program refuses them, at the check, where the old files are back already, or
 * after it.
 */
export async function reloadFiles(
  { paths, generation }: Op<'files.reload'>,
  context: Reloading,
  onProgress: (line: string) => void,
): Promise<string | null> {
  const { engine, clock, instance, id } = context;
  const details = await inspect(context);
  // Cut off before: what the program serves by is in the stamp, no longer in the files.
  const before = readStamp(await engine.fetchFile(id, STAMP)).before ?? (await present(context));
  const wanted = await ownedFiles(engine, id, placedFiles(instance, socketOf(instance, generation)));
  await engine.putFiles(id, [stampFile(before), ...wanted], seconds(clock));
  const notes: string[] = [];
  const check = configCheck(details.entrypoint, details.command);
  const checkedAt = clock.now();
  if (check !== null) {
    const result = await runExec(engine, clock, id, check.command);
    if (isAbsent(result)) notes.push(`warning: \`${check.shown}\` could not be run, so nothing was checked`);
    else if (result.code !== 0) {
      await putBack(context, before);
      throw new ReloadError(`\`${check.shown}\` refuses the new files`, result.output);
    } else onProgress(`\`${check.shown}\` passes`);
  }
  const startMs = WORKER_MS + 2 * (clock.now() - checkedAt);
  const ways = waysOf(instance, paths);
  const workers =
    check === null || !startsWorkers(ways, check.program)
      ? null
      : { engine, clock, id, program: check.program };
  const old = workers === null ? [] : await workersOf(workers);
  notes.push(...(await readAgain(ways, generation, details, context)));
  if (old instanceof EngineError)
    notes.push(`warning: whether it has taken the new files cannot be seen (${old.message})`);
  if (workers !== null && !(old instanceof EngineError) && old.length > 0)
    await awaitNewWorker(old, workers, startMs);
  // Asked at once, the gate would be answered by what still serves with the old ones.
  else await clock.sleep(TAKES_EFFECT_MS);
  return notes.length === 0 ? null : notes.join('; ');
}

/** Puts back what was there before a reload, and lets the program read it again; false: no reload is under way. */
export async function restoreFiles(
  { paths, generation }: Op<'files.restore'>,
  context: Reloading,
): Promise<boolean> {
  const { engine, instance, id } = context;
  const { before } = readStamp(await engine.fetchFile(id, STAMP));
  if (before === null) return false;
  await putBack(context, before);
  const details = await inspect(context);
  // One that the new files have ended starts with the old ones; one that is about to start does so by itself.
  if (details.state === 'running') await readAgain(waysOf(instance, paths), generation, details, context);
  else if (details.state === 'exited') await engine.startContainer(id);
  return true;
}

/** Forgets what was there before a reload. */
export async function settleFiles({ engine, clock, id }: Reloading): Promise<void> {
  const { atS } = readStamp(await engine.fetchFile(id, STAMP));
  // Of the same second as the files, or they would pass for changed by hand.
  await engine.putFiles(id, [stampFile(null)], atS ?? seconds(clock));
}

async function inspect({ engine, id }: Reloading): Promise<ContainerDetails> {
  const details = await engine.inspectContainer(id);
  if (details !== null) return details;
  throw new EngineError('not-found', 'reload', 'the container is gone', 404);
}

async function present({ engine, instance, id }: Reloading): Promise<readonly OwnedFile[]> {
  const found = await Promise.all(
    instance.files.map(async ({ path }) => {
      const file = await engine.fetchFile(id, path);
      if (file?.kind !== 'file') return [];
      const { content, mode, uid, gid } = file;
      return [{ path, content, mode, uid, gid }];
    }),
  );
  return found.flat();
}

async function putBack({ engine, clock, id }: Reloading, before: readonly OwnedFile[]): Promise<void> {
  await engine.putFiles(id, [stampFile(null), ...before], seconds(clock));
}

function waysOf({ files }: DesiredInstance, paths: readonly string[]): readonly Reload[] {
  return reloadsOf(files.filter(({ path }) => paths.includes(path)));
}

async function readAgain(
  ways: readonly Reload[],
  generation: number,
  details: ContainerDetails,
  context: Reloading,
): Promise<readonly string[]> {
  const { engine, clock, instance, id } = context;
  const notes: string[] = [];
  for (const way of ways) {
    if (way.kind === 'signal') {
      const note = await signal(way.signal, details, context);
      if (note !== null) notes.push(note);
      continue;
    }
    const socket = socketOf(instance, generation);
    const command = way.command.map((word) => word.replaceAll(SOCKET_HOLE, socket));
    const { code, output } = await runExec(engine, clock, id, command);
    if (code !== 0) throw new ReloadError(`${commandText(way)} exited with code ${code}`, output);
  }
  return notes;
}

/**
 * From inside, since the engine takes each signal of its own for a stop by hand (moby#41302): with `unless-stopped` the
 * container would not come up again with the engine. Where the image holds nothing to send it with, `always` makes up for it.
 */
async function signal(
  name: string,
  details: ContainerDetails,
  { engine, clock, id }: Reloading,
): Promise<string | null> {
  const result = await runExec(engine, clock, id, ['sh', '-c', `kill -${name.replace(/^SIG/, '')} 1`]);
  if (result.code === 0) return null;
  if (!isAbsent(result))
    throw new ReloadError(`${name} could not be sent: exit code ${result.code}`, result.output);
  const through = `its image has no shell, so the engine sent ${name}`;
  if (details.restart !== 'unless-stopped') {
    await engine.killContainer(id, name);
    return through;
  }
  // Before the signal: an apply that is cut off between the two leaves a container that comes up again.
  await engine.updateRestart(id, 'always', 0);
  await engine.killContainer(id, name);
  return `${through}; its restart policy is \`always\` from now on, or it would not come up with the engine`;
}

function commandText(way: Extract<Reload, { kind: 'command' }>): string {
  return `\`${way.shown.join(' ')}\``;
}

function socketOf(instance: DesiredInstance, generation: number): string {
  return instance.socket === null ? '' : generationSocket(instance, instance.socket, generation);
}
