import { generationSocket } from '../desired/desired-state.ts';
import type { DesiredFile, DesiredInstance } from '../desired/desired-state.ts';
import { fileBytes } from '../desired/placed-files.ts';
import type { InstanceSpec } from '../desired/instance-spec.ts';
import type { ObservedContainer, ObservedFile } from '../observed/observed-state.ts';
import type { Reason } from '../plan/plan.ts';

/** How the files in a container differ from those of the stack file. */
export interface FileDifference {
  readonly reasons: readonly Reason[];
  /** Those that differ, where a running program can read every one of them again; else null. */
  readonly reload: readonly DesiredFile[] | null;
}

/** Compares what lies in a container with what should: only files that its label has in the same way, all others are told by it. */
export function compareFiles(
  instance: DesiredInstance,
  spec: InstanceSpec,
  current: ObservedContainer,
): FileDifference {
  const { socket } = instance;
  const path = socket === null ? '' : generationSocket(instance, socket, current.generation);
  const differing: DesiredFile[] = [];
  const reasons: Reason[] = [];
  for (const file of instance.files) {
    const isKnown = spec.files.some(
      (known) => known.path === file.path && known.mode === file.mode && known.user === file.user,
    );
    if (!isKnown) continue;
    const found = current.files.found.find((one) => one.path === file.path);
    const own = fileReasons(file, found, fileBytes(file, path));
    if (own.length > 0) differing.push(file);
    reasons.push(...own);
  }
  if (current.files.reloading) {
    // What differed then may not differ any more, but the program has yet to read it.
    for (const file of instance.files)
      if (file.reload !== null && !differing.includes(file)) differing.push(file);
    if (reasons.length === 0) reasons.push({ kind: 'drift', field: 'reload', from: 'cut off', to: 'done' });
  }
  const canReload = differing.length > 0 && differing.every(({ reload }) => reload !== null);
  return { reasons, reload: canReload ? differing : null };
}

function fileReasons(
  { path, mode, user }: DesiredFile,
  found: ObservedFile | undefined,
  wanted: Uint8Array,
): readonly Reason[] {
  const field = `files ${path}`;
  if (found === undefined || found.content === null)
    return [{ kind: 'drift', field, from: null, to: 'gone, or no plain file' }];
  const kind = found.byHand ? 'drift' : 'field';
  const change = changeText(found.content, wanted);
  return [
    ...(change === null ? [] : [{ kind, field, from: null, to: change } as const]),
    ...(found.mode === mode
      ? []
      : [{ kind: 'drift', field: `${field} mode`, from: found.mode, to: mode } as const]),
    ...(found.owner === user
      ? []
      : [
          { kind: 'drift', field: `${field} user`, from: found.owner ?? 'root', to: user ?? 'root' } as const,
        ]),
  ];
}

/** How much differs, and nothing of it: there may be secrets in it. Null: nothing does. */
function changeText(before: Uint8Array, after: Uint8Array): string | null {
  if (before.length === after.length && before.every((byte, i) => byte === after[i])) return null;
  if (before.includes(0) || after.includes(0)) return `changed (${before.length} → ${after.length} bytes)`;
  const [old, now] = [before, after].map((bytes) => new TextDecoder().decode(bytes).split('\n'));
  const lines = Math.max(lacking(now ?? [], old ?? []), lacking(old ?? [], now ?? []));
  if (lines === 0) return 'changed (the order of its lines)';
  return `changed (${lines} line${lines === 1 ? '' : 's'})`;
}

/** How many of `lines` are not among the others. */
function lacking(lines: readonly string[], others: readonly string[]): number {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  let count = 0;
  for (const line of lines) {
    const times = left.get(line) ?? 0;
    if (times === 0) count += 1;
    else left.set(line, times - 1);
  }
  return count;
}
