import type { DesiredState } from '../../compiler/desired/desired-state.ts';
import type { ObservedState } from '../../compiler/observed/observed-state.ts';
import { keptRevisions } from '../../compiler/revision/kept-revisions.ts';
import type { AuthLookup } from '../../runtime/inputs/image-facts.ts';
import { secretValues } from '../../runtime/mask-secrets.ts';
import { readRevision } from '../../runtime/revisions/stored.ts';
import type { Connection } from '../connection.ts';
import type { CommandContext } from '../io.ts';
import { writeNote } from '../output.ts';
import type { GivenInputs } from '../plan-stack.ts';
import type { LoadedSpec } from '../stack-file.ts';

/** What the hook of a destroy is run with. */
export interface Shutdown {
  readonly desired: DesiredState;
  readonly auth: AuthLookup;
  readonly secrets: readonly string[];
  /** Where commands start. */
  readonly folder: string;
}

/**
 * The `shutdown` of the stack file; where none is named, that of the revision that was kept last. Null where there is none, and
 * where no instance is left to say goodbye to.
 */
export async function shutdownOf(
  context: CommandContext,
  {
    loaded,
    observed,
    stack,
  }: { readonly loaded: LoadedSpec | null; readonly observed: ObservedState; readonly stack: string },
  connection: Connection,
): Promise<Shutdown | null> {
  if (!observed.containers.some(({ role }) => role === 'instance')) return null;
  const from =
    loaded === null ? await lastKept(context, { observed, stack }, connection) : { loaded, given: undefined };
  if (from === null || !from.loaded.spec.hooks.some(({ name }) => name === 'shutdown')) return null;
  const { given } = from;
  // Loaded here: most stacks have no hook, and their end does not wait for the compiler.
  const { everything, resolveStack } = await import('../plan-stack.ts');
  const selection = { ...everything, askRegistry: false, ...(given === undefined ? {} : { given }) };
  const looked = { hostAlways: true, observing: Promise.resolve(observed) };
  const resolving = resolveStack(context, from.loaded, connection, selection, looked);
  const { desired, auth, inputs } = await resolving.catch((error: unknown) => {
    writeNote(
      context,
      'the hook `shutdown` takes all that the stack file does; `--skip-hooks` destroys without it',
    );
    throw error;
  });
  return { desired, auth, secrets: secretValues(inputs), folder: from.loaded.folder };
}

async function lastKept(
  context: CommandContext,
  { observed, stack }: { readonly observed: ObservedState; readonly stack: string },
  { engine }: Connection,
): Promise<{ readonly loaded: LoadedSpec; readonly given: GivenInputs } | null> {
  const [newest] = keptRevisions(stack, observed.kept);
  if (newest === undefined) return null;
  const { revision } = newest;
  const stored = await readRevision(engine, newest.id);
  if (!('content' in stored)) {
    writeNote(context, `revision ${revision} cannot be read: if it has a hook \`shutdown\`, that is not run`);
    return null;
  }
  const { loadRevision, revisionInputs } = await import('../revisions/restore.ts');
  const loaded = await loadRevision(stored.content, revision, context.io.cwd);
  const inputs = revisionInputs(stored.content, loaded, { revision, named: [] });
  return { loaded, given: { inputs, migrations: false, goesOn: false, goesBack: false } };
}
