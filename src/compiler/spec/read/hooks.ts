import { nearest } from '../../nearest.ts';
import type { ContainerKey } from '../../desired/desired-state.ts';
import type { DocumentNode } from '../../source/document.ts';
import type { ApplicationSpec } from '../application-spec.ts';
import type { HookName, HookSpec } from '../stack-spec.ts';
import type { Reader } from './reader.ts';
import { readProgram } from './words.ts';

/** In the order in which they can be met. */
const NAMES: readonly HookName[] = ['setup', 'before_apply', 'after_apply', 'on_failure', 'shutdown'];

/** Ten minutes: long enough for a backup, and short enough that whoever waits for the lock hears of one that hangs. */
const TIMEOUT_MS = 600_000;

/** Reads `hooks`: what is run around an apply, each a command, or `{command, container, timeout}`. */
export function readHooks(
  node: DocumentNode | undefined,
  applications: readonly ApplicationSpec[],
  reader: Reader,
): readonly HookSpec[] {
  const written = reader.fields(node);
  return NAMES.flatMap((name): readonly HookSpec[] => {
    const value = written.get(name)?.value;
    if (value === undefined) return [];
    if (value.kind !== 'object') {
      const command = readProgram(value, 'outside', reader);
      return command === null ? [] : [{ name, command, container: null, timeoutMs: TIMEOUT_MS }];
    }
    const fields = reader.fields(value);
    const command = readProgram(fields.get('command')?.value, 'outside', reader);
    const container = readContainer(fields.get('container')?.value, name, applications, reader);
    const timeoutMs = readTimeout(fields.get('timeout')?.value, reader);
    return command === null || container === undefined ? [] : [{ name, command, container, timeoutMs }];
  });
}

function readTimeout(node: DocumentNode | undefined, reader: Reader): number {
  const timeoutMs = reader.durationMs(node) ?? TIMEOUT_MS;
  if (timeoutMs > 0 || node === undefined) return timeoutMs;
  reader.problems.error('STK319', 'nothing ends within no time at all', node.range, {
    help: 'write how long it may take: `1m`',
  });
  return TIMEOUT_MS;
}

/** Null: the operator's side. Undefined, and reported, where there is no such container, or more than one. */
function readContainer(
  node: DocumentNode | undefined,
  hook: HookName,
  applications: readonly ApplicationSpec[],
  reader: Reader,
): ContainerKey | null | undefined {
  if (node === undefined) return null;
  const written = reader.text(node, 'fixed');
  if (written === null) return undefined;
  const { text, place } = written;
  const containers = applications.flatMap((application) => application.containers);
  const found = containers.filter(({ name, key }) => name === text || key === text);
  const [first] = found;
  if (first !== undefined && found.length === 1) return first.key;
  const names =
    found.length > 1
      ? found.map(({ key }) => key)
      : nearest(
          text,
          containers.map(({ name }) => name),
        );
  const problem = found.length > 1 ? 'which several applications have' : 'which is no container';
  reader.problems.error('STK305', `\`${hook}\` names \`${text}\`, ${problem}`, place.range, {
    help: names.length === 0 ? null : `did you mean ${names.map((one) => `\`${one}\``).join(' or ')}?`,
  });
  return undefined;
}
