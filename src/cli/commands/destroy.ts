import { randomUUID } from 'node:crypto';
import { imagesAtBegin } from '../../compiler/cleanup/images-at-begin.ts';
import { journalVolume } from '../../compiler/names.ts';
import { adoptedName } from '../../compiler/reconcile/adopted.ts';
import { agentAtHand } from '../../compiler/reconcile/agents.ts';
import { withShutdown } from '../../compiler/reconcile/hooks.ts';
import { destroyPlan, foreignVolumes, leavingVolumes } from '../../compiler/reconcile/destroy.ts';
import { agentImage } from '../../runtime/agent/agent-image.ts';
import { observe } from '../../runtime/observe.ts';
import { applyBegin, leaseOptions } from '../apply-begin.ts';
import { confirm } from '../confirm.ts';
import { exitCode } from '../exit-code.ts';
import { hookWorld } from '../hooks/hook-world.ts';
import { shutdownOf } from '../hooks/shutdown.ts';
import type { CommandContext } from '../io.ts';
import { styleFor, writeData, writeNote } from '../output.ts';
import { plural } from '../render/text.ts';
import { namedStack } from '../stack-name.ts';
import { listStacks, otherStacks } from '../stacks.ts';
import { hasWork, walkPlan } from '../walk-plan.ts';

/** What `stack destroy` is asked for. */
export interface DestroyFlags {
  readonly volumes: boolean;
  readonly skipHooks: boolean;
  readonly lockTimeoutS: number;
}

/** How often it is planned again where the agent heals or scales again and again. */
const MOST_PLANS = 5;

/**
 * `stack destroy [FILE]`: takes a stack down; its volumes only with `--volumes`. Planned again where somebody has changed the stack
 * while the lock was waited for, unless somebody who does not wait was asked.
 */
export async function destroy(
  context: CommandContext,
  file: string | undefined,
  flags: DestroyFlags,
): Promise<number> {
  const isAsked = flags.lockTimeoutS === 0 && !context.options.yes;
  for (let plans = 1; ; plans += 1) {
    const { code, isStale } = await planAndDestroy(context, file, flags);
    if (!isStale || isAsked || plans === MOST_PLANS) return code;
    writeNote(context, 'planning again');
  }
}

interface Destroyed {
  readonly code: number;
  /** Nothing was done: somebody has changed the stack since it was planned. */
  readonly isStale: boolean;
}

async function planAndDestroy(
  context: CommandContext,
  file: string | undefined,
  { volumes, skipHooks, lockTimeoutS }: DestroyFlags,
): Promise<Destroyed> {
  const { stack, spec, loaded } = await namedStack(context, file);
  const connection = await context.connect();
  const { engine } = connection;
  const observedAtMs = context.io.clock.now();
  const observed = await observe(engine, stack, []);
  const shutdown = skipHooks ? null : await shutdownOf(context, { loaded, observed, stack }, connection);
  const bare = destroyPlan(observed, { stack, volumes });
  const plan = shutdown === null ? bare : withShutdown(bare, shutdown.desired);
  if (context.options.json) {
    const { planJson } = await import('../render/plan-json.ts');
    writeData(context, `${JSON.stringify({ type: 'plan', ...planJson(plan, [], null) })}\n`);
  } else if (hasWork(plan)) {
    const { renderPlan } = await import('../render/plan.ts');
    writeData(context, renderPlan(plan, styleFor(context, context.io.stdout)));
  } else {
    writeData(context, `Nothing to do: nothing of stack \`${stack}\` is on this engine.\n`);
    // Nothing to do is no failure, but a name that was typed may be wrong.
    if (spec === null && observed.volumes.length === 0) {
      writeNote(context, otherStacks(stack, await listStacks(engine)));
    }
  }
  const kept = observed.volumes.length - leavingVolumes(observed, { stack, volumes }).length;
  if (kept > 0) {
    writeNote(
      context,
      `${plural(kept, 'volume')} ${kept === 1 ? 'stays' : 'stay'}; \`--volumes\` removes the data too`,
    );
  }
  const foreign = volumes ? foreignVolumes(observed) : [];
  if (foreign.length > 0) {
    const names = foreign.map((name) => `\`${name}\``).join(', ');
    const stays = foreign.length === 1 ? 'stays: another tool made it' : 'stay: another tool made them';
    writeNote(
      context,
      `${foreign.length === 1 ? 'volume' : 'volumes'} ${names} ${stays}; \`docker volume rm\` removes the data`,
    );
  }
  const nameless = volumes ? [] : foreignVolumes(observed).filter((name) => /^[0-9a-f]{64}$/.test(name));
  if (nameless.length > 0) {
    const names = nameless.map((name) => `\`${name.slice(0, 12)}…\``).join(', ');
    writeNote(
      context,
      `the data in ${names} stays, but only the container that it came from says whose it is: without that, \`docker volume prune\` removes it`,
    );
  }
  const adopted = observed.containers.filter((one) => adoptedName(one) !== null);
  if (adopted.length > 0) {
    const [were, them] = adopted.length === 1 ? ['was', 'it'] : ['were', 'them'];
    const names = adopted.map(({ engineName }) => `\`${engineName}\``).join(', ');
    const records = observed.adoptions.map(({ engineName }) => engineName).join(' ');
    const leaves = adopted.flatMap(({ engineName, networks }) =>
      observed.ownNetworks
        .filter((network) => networks[network] !== undefined)
        .map((network) => `docker network disconnect ${network} ${engineName}`),
    );
    const first = [`docker rm ${records}`, ...leaves].map((command) => `\`${command}\``).join(', ');
    writeNote(
      context,
      `${names} ${were} started outside of the stack, and nothing makes ${them} again; to keep ${them}: ${first}, then \`stack destroy\``,
    );
  }
  if (!hasWork(plan)) return { code: exitCode.done, isStale: false };
  await confirm(context, {
    text: `Destroy stack \`${stack}\`${volumes ? ' and its data' : ''}? Type its name or \`yes\`:`,
    answers: [stack, 'yes'],
    stdinTaken: file === '-',
  });
  const agent = agentAtHand(stack, observed, agentImage().tag);
  const applyId = randomUUID();
  const begin = await applyBegin(context.io, 'destroy', loaded);
  // One that is cut off is gone on with all the same.
  const isLeaving = plan.nodes.some(
    ({ op }) => op.kind === 'volume.remove' && op.volume === journalVolume(stack),
  );
  let isStale = false;
  const code = await walkPlan(context, {
    plan,
    desired: shutdown?.desired ?? null,
    engine,
    auth: shutdown?.auth ?? (() => Promise.resolve(null)),
    secrets: shutdown?.secrets ?? [],
    ...(shutdown === null ? {} : { hooks: await hookWorld(context, { plan, connection, begin }, shutdown) }),
    journal: { applyId, agent, begin, isLeaving, images: imagesAtBegin(observed, null) },
    lease: leaseOptions(context, applyId, begin, { agent, observedAtMs, timeoutMs: lockTimeoutS * 1000 }),
    onStale: () => {
      isStale = true;
    },
    wording: {
      completed: 'Destroyed',
      command: [
        'stack destroy',
        ...(file === undefined ? [] : [file]),
        ...(context.options.name === null ? [] : [`--name ${context.options.name}`]),
        ...(volumes ? ['--volumes'] : []),
        ...(skipHooks ? ['--skip-hooks'] : []),
      ].join(' '),
    },
  });
  return { code, isStale };
}
