import type { BalancerText } from '../balancer/running.ts';
import type { DesiredInstance } from '../desired/desired-state.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import type { Operation } from '../plan/operation.ts';
import type { VerdictFacts } from './facts.ts';
import { judgeOf, lists, type Judge } from './instance-balancers.ts';
import type { PlanScene } from './plan-scene.ts';
import { whereabouts } from './whereabouts.ts';

/** A haproxy that is no master of workers is ended by the signals that reload one: its check proves nothing. */
export function reloadFacts(
  scene: PlanScene,
  operations: readonly Operation[],
  old: ObservedContainer | null,
  instance: DesiredInstance | null,
): VerdictFacts['reload'] {
  const op = operations.find(({ kind }) => kind === 'files.reload');
  if (op?.kind !== 'files.reload') return null;
  const words = [...(old?.entrypoint ?? []), ...(old?.command ?? [])];
  const reloads = op.check !== 'haproxy -c' || words.some((word) => /^-Ws?$/.test(word));
  const judge = scene.judges.find(({ balancer }) => balancer.container.id === old?.id);
  const closesIdle = judge?.front?.closesBehindAnswers === false;
  const forgets = judge === undefined || instance === null ? [] : forgotten(scene, judge, instance);
  return { signal: op.by, checked: op.check !== null && reloads, closesIdle, forgets };
}

/** Containers that run and stay, to which the running configuration leads and the one in the file does not. */
function forgotten(
  { desired, observed }: PlanScene,
  judge: Judge,
  instance: DesiredInstance,
): readonly string[] {
  const text = observed.balancers.get(judge.balancer.container.id);
  if (text?.kind !== 'read') return [];
  const next = judgeOf(judge.balancer, withFiles(text, instance));
  if (next.why !== null) return [];
  const current = new Map(
    observed.containers.flatMap((seen) => (seen.phase === 'current' ? [[seen.key, seen] as const] : [])),
  );
  return desired.containers
    .filter((container) => {
      const known = container.instances.flatMap((wanted) => {
        const seen = current.get(wanted.key);
        if (seen?.state !== 'running') return [];
        const places = [
          whereabouts(wanted.engineName, seen, wanted),
          whereabouts(wanted.engineName, null, wanted),
        ];
        return lists(judge, places) ? [lists(next, places)] : [];
      });
      return known.length > 0 && !known.includes(true);
    })
    .map(({ name }) => name);
}

function withFiles(text: Extract<BalancerText, { kind: 'read' }>, instance: DesiredInstance): BalancerText {
  return { ...text, files: new Map([...text.files, ...filesOf(instance)]) };
}

/** The texts of its `files`, by their paths. */
export function filesOf({ files }: DesiredInstance): ReadonlyMap<string, string> {
  return new Map(
    files.map(({ path, content }) => [
      path,
      typeof content === 'string' ? content : new TextDecoder().decode(content),
    ]),
  );
}
