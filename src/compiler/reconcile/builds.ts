import { byteSize } from '../byte-words.ts';
import { repositoryOf } from '../cleanup/used-images.ts';
import type { ContainerKey, DesiredBuild, DesiredImage, DesiredState } from '../desired/desired-state.ts';
import type { ObservedState } from '../observed/observed-state.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { Change, NodeId } from '../plan/plan.ts';
import { plainChange } from './plain-change.ts';

/** Which containers images are built for, and what comes before. */
export interface BuildScene {
  readonly starting: ReadonlySet<ContainerKey>;
  readonly selected: ReadonlySet<ContainerKey>;
  readonly after: readonly NodeId[];
}

/**
 * Builds what a container is about to be made from, and brings to a registry what it lacks, one after the other: each takes the
 * whole machine, and two outputs at once are no output. The nodes to wait for.
 */
export function buildImages(
  builder: PlanBuilder,
  { containers }: DesiredState,
  observed: ObservedState,
  { starting, selected, after }: BuildScene,
  changes: Change[],
): readonly NodeId[] {
  const seen = new Set<string>();
  let last: NodeId | null = null;
  for (const { key, image } of containers) {
    const { reference, build } = image;
    if (build === undefined || seen.has(reference)) continue;
    const builds = build.builds && starting.has(key);
    const pushes = build.pushes && (build.builds ? builds : selected.has(key));
    if (!builds && !pushes) continue;
    seen.add(reference);
    const id = `image ${reference}`;
    const why = builds ? whyBuilt(image, observed) : `${build.registry ?? 'its registry'} has not got it`;
    if (builds) {
      const { context, dockerfile, target: stage, platform } = build;
      const op = { kind: 'image.build', reference, context, dockerfile, stage, platform } as const;
      last = builder.add(id, 'build', op, last === null ? after : [last], why);
    }
    if (pushes) {
      const before = last === null ? after : [last];
      last = builder.add(id, 'push', { kind: 'image.push', reference }, before, builds ? 'built' : why);
    }
    changes.push(
      plainChange(
        id,
        { kind: 'image', name: reference },
        builds ? 'build' : 'push',
        [{ kind: 'missing', field: 'image', from: null, to: null }],
        builds ? [why, ...buildNotes(build)] : [why],
      ),
    );
  }
  return last === null ? [] : [last];
}

function whyBuilt({ reference }: DesiredImage, { containers }: ObservedState): string {
  const repository = repositoryOf(reference);
  const others = new Set(
    containers.flatMap(({ role, phase, spec }) =>
      role === 'instance' && phase === 'current' && spec !== null && repositoryOf(spec.image) === repository
        ? [spec.image]
        : [],
    ),
  );
  if (others.size === 0) return 'not built yet';
  return others.has(reference) ? 'gone from the engine' : 'its content has changed';
}

function buildNotes({
  context,
  dockerfile,
  target,
  platform,
  content: { files, bytes },
  registry,
}: DesiredBuild): readonly string[] {
  const stage = target === null ? '' : `, stage ${target}`;
  const on = platform === null ? '' : `, for ${platform}`;
  const count = `${files} ${files === 1 ? 'file' : 'files'}`;
  return [
    `from ${context} (${dockerfile}${stage}${on}), ${count}, ${byteSize(bytes)}`,
    ...(registry === null ? [] : [`pushed to ${registry}`]),
  ];
}
