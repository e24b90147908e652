import type { DesiredFile, Gate, Reload } from '../desired/desired-state.ts';
import { configCheck } from '../plan/config-check.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { NodeId } from '../plan/plan.ts';
import type { Decided } from './decide.ts';
import { existing } from './turn.ts';

/**
 * Puts new files into a container that runs and lets its program read them again:
 *
 *     files.reload     put there, tried (`haproxy -c`), the signal or the command; the old ones are kept in the container
 *     container.gate   it must be ready again; else the old ones come back, and are read again
 *     files.settle     the old ones are forgotten
 */
export function reload(
  builder: PlanBuilder,
  { instance, standing, difference }: Decided,
  after: readonly NodeId[],
): readonly NodeId[] {
  const { current } = standing;
  if (current === null || difference.reload === null) return after;
  const group = instance.key;
  const target = existing(current);
  const { generation } = current;
  const what = { instance: instance.key, generation, target } as const;
  const undoScope = `${group} reload`;
  const paths = difference.reload.map(({ path }) => path);
  let last = builder.add(
    group,
    `reload ${generation}`,
    { kind: 'files.reload', ...what, paths, by: waysText(difference.reload), check: checkText(current) },
    after,
    'only files differ',
    { undoScope, undo: [{ kind: 'files.restore', ...what, paths }] },
  );
  last = builder.add(
    group,
    `gate ${generation}`,
    { kind: 'container.gate', ...what, reloaded: true },
    [last],
    'must be ready',
    {
      undoScope,
    },
  );
  return [
    builder.add(group, `settle ${generation}`, { kind: 'files.settle', ...what }, [last], 'gate passed'),
  ];
}

/** How long a program that has served before may give no good answer by its new files: all the while clients get the bad one. */
const RELOAD_MS = 5000;

/** The gate after a reload. Nothing starts, so that `startup_time` is no measure; but a slow question may be asked twice. */
export function reloadGate(gate: Gate): Gate {
  if (gate.kind === 'engine') return { ...gate, uptimeMs: Math.min(gate.uptimeMs, RELOAD_MS) };
  const twice = 2 * (gate.intervalMs + gate.timeoutMs);
  return { ...gate, limitMs: Math.min(gate.limitMs, Math.max(RELOAD_MS, twice)) };
}

/** What a reader should know of a reload: `checked by \`haproxy -c\` first, then SIGUSR2`. */
export function reloadNotes({ standing, difference, decision }: Decided): readonly string[] {
  const { current } = standing;
  if (decision !== 'reload' || current === null || difference.reload === null) return [];
  const check = checkText(current);
  const ways = waysText(difference.reload);
  return [
    check === null
      ? `reloads with ${ways}; nothing checks the new files first`
      : `reloads with ${ways} once \`${check}\` passes`,
  ];
}

/** How files are read again, each way once. */
export function reloadsOf(files: readonly DesiredFile[]): readonly Reload[] {
  const ways = new Map<string, Reload>();
  for (const { reload: way } of files) if (way !== null) ways.set(JSON.stringify(way), way);
  return [...ways.values()];
}

function waysText(files: readonly DesiredFile[]): string {
  return reloadsOf(files).map(reloadText).join(', ');
}

function reloadText(way: Reload): string {
  return way.kind === 'signal' ? way.signal.replace(/^SIG/, '') : `\`${way.shown.join(' ')}\``;
}

function checkText({ entrypoint, command }: Parameters<typeof existing>[0]): string | null {
  return configCheck(entrypoint, command)?.shown ?? null;
}
