import type { DesiredContainer, DesiredInstance } from '../../compiler/desired/desired-state.ts';
import { networksOfRun } from '../../compiler/desired/found.ts';
import { baseName } from '../../compiler/names.ts';
import type { Engine } from '../../runtime/engine.ts';
import { createContainer } from '../../runtime/files/place-files.ts';
import { freshRun } from '../../runtime/fresh-run.ts';
import { specOf } from '../../runtime/parse-spec.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { demandNames, specNames } from '../names.ts';
import { writeDiagnostics, writeNote } from '../output.ts';
import { everything, resolveStack, type ResolvedStack } from '../plan-stack.ts';
import { removeRun } from '../run-leftovers.ts';
import { runSession } from '../run-session.ts';
import { loadSpec } from '../stack-file.ts';

/** What a run is given besides its command. */
export interface RunFlags {
  readonly file: string | undefined;
  /** False with `--no-tty`. */
  readonly tty: boolean;
}

/**
 * `stack run NAME [-- CMD…]`: one run of a container of the file, a cron one too, in a fresh container from the
 * current spec: its environment, mounts and networks, but no ports. It gets our input, and a terminal where we have one
 * on both sides; its exit code is ours, and it is removed afterwards. Ctrl-C stops it. What earlier runs that were
 * killed have left over is removed first.
 */
export async function runOnce(
  context: CommandContext,
  name: string,
  command: readonly string[],
  { file, tty: wantsTty }: RunFlags,
): Promise<number> {
  const { io } = context;
  const connecting = context.connect();
  connecting.catch(() => undefined);
  const loaded = await loadSpec(context, file);
  demandNames('', [name], specNames(loaded.spec));
  const connection = await connecting;
  const { engine } = connection;
  const selection = { ...everything, askRegistry: false };
  const resolved = await resolveStack(context, loaded, connection, selection, {
    hostAlways: true,
    observing: null,
  });
  await writeDiagnostics(context, resolved.warnings, loaded.source);
  const { container, instance } = find(resolved, name);
  demandPlaces(resolved, container, instance);
  const imageId = await demandImage(context, engine, resolved, container);
  const { agents, runs } = resolved.observed;
  for (const run of runs.filter(({ abandoned }) => abandoned)) {
    writeNote(context, `removing ${run.engineName}, left over from a run that was killed`);
    await removeRun(context, engine, agents, run);
  }
  const tty = wantsTty && io.stdin.isTTY === true && io.stdout.isTTY === true;
  const words = command.length === 0 ? null : command;
  const how = { command: words, shown: words, imageId, tty, openStdin: true };
  const made = freshRun(resolved.desired.stack, container, instance, how);
  const id = await createContainer(engine, made, io.clock);
  try {
    for (const network of networksOfRun(instance)) await engine.connectNetwork(network, id, []);
    return await runSession(context, engine, id, { tty, timeoutS: instance.stop.timeoutS });
  } finally {
    await removeRun(context, engine, agents, { id, spec: specOf(made.labels) });
  }
}

function find(
  { desired }: ResolvedStack,
  name: string,
): { readonly container: DesiredContainer; readonly instance: DesiredInstance } {
  for (const container of desired.containers) {
    const whole = container.name === name || container.key === name;
    const instance =
      container.instances.find((one) => whole || one.name === name || one.key === name) ??
      (whole ? container.template : undefined);
    if (instance !== undefined) return { container, instance };
  }
  throw new CommandFailure(exitCode.failed, `\`${name}\` has no instances in the file`);
}

/** The engine would make a missing volume by itself, without the labels that make it ours. */
function demandPlaces(
  { desired, observed }: ResolvedStack,
  container: DesiredContainer,
  instance: DesiredInstance,
): void {
  const networks = new Set(observed.networks);
  const volumes = new Set([...observed.volumes.map(({ name }) => name), ...observed.foreignVolumes]);
  const own = new Set(desired.volumes.filter((volume) => !volume.adopted).map((volume) => volume.name));
  const missing = [
    ...(instance.spec.network === 'stack' ? [baseName(desired.stack, container.application)] : [])
      .filter((name) => !networks.has(name))
      .map((name) => `network \`${name}\``),
    ...instance.spec.mounts
      .filter(({ type, source }) => type === 'volume' && own.has(source) && !volumes.has(source))
      .map(({ source }) => `volume \`${source}\``),
  ];
  if (missing.length === 0) return;
  throw new CommandFailure(
    exitCode.failed,
    `the engine lacks ${missing.join(', ')}`,
    '`stack apply` makes what the stack needs; then run again',
  );
}

async function demandImage(
  context: CommandContext,
  engine: Engine,
  { auth }: ResolvedStack,
  { image, template }: DesiredContainer,
): Promise<string> {
  const present = await engine.inspectImage(image.reference);
  if (present !== null) return present.id;
  if (image.build?.builds === true)
    throw new CommandFailure(
      exitCode.failed,
      `\`${image.reference}\` is not built yet`,
      '`stack apply` builds it; then run again',
    );
  writeNote(context, `pulling ${image.reference}`);
  await engine.pullImage(
    image.reference,
    template.spec.platform,
    await auth(image.reference),
    () => undefined,
  );
  const pulled = await engine.inspectImage(image.reference);
  if (pulled !== null) return pulled.id;
  throw new CommandFailure(exitCode.failed, `\`${image.reference}\` is not on the engine after its pull`);
}
