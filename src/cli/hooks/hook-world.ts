import { commitOf, type Revision } from '../../compiler/journal/revisions.ts';
import { isPending, type Plan } from '../../compiler/plan/plan.ts';
import type { HookWorld } from '../../runtime/hooks/run-hook.ts';
import type { ApplyBegin } from '../../runtime/journal/apply-journal.ts';
import type { Connection } from '../connection.ts';
import type { CommandContext } from '../io.ts';
import type { LoadedSpec } from '../stack-file.ts';

/** Where the hooks of an apply are run, and what they are told of it. */
export async function hookWorld(
  { io }: CommandContext,
  {
    plan: { stack, changes },
    connection,
    begin: { command, git, of, user, host },
    revisions = [],
  }: {
    readonly plan: Plan;
    readonly connection: Pick<Connection, 'engine'>;
    readonly begin: ApplyBegin;
    /** Earlier applies, which know the commit of what is made again. */
    readonly revisions?: readonly Revision[];
  },
  { folder }: Pick<LoadedSpec, 'folder'>,
): Promise<HookWorld> {
  const engine = (await connection.engine.facts()).host;
  const changed = changes
    .filter(isPending)
    .flatMap(({ subject }) =>
      subject.kind === 'instance' ? [`${subject.application}/${subject.instance}`] : [],
    );
  const made = commitOf({ revision: Number.POSITIVE_INFINITY, of, git }, revisions);
  const facts = {
    stack,
    engine,
    command,
    commit: made?.git.commit ?? null,
    performer: `${user}@${host}`,
    changed: [...new Set(changed)],
  };
  return { folder, env: io.env, facts };
}
