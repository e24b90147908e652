import { nearest } from '../../nearest.ts';
import type { DocumentNode, Property } from '../../source/document.ts';
import type { ApplicationSpec } from '../application-spec.ts';
import type { ContainerSpec } from '../container-spec.ts';
import type { StackSpec } from '../stack-spec.ts';
import type { Reader } from './reader.ts';

/** Reads `logrotate.forwarder`, which must be an instance of the stack. */
export function readForwarder(
  node: DocumentNode | undefined,
  applications: readonly ApplicationSpec[],
  reader: Reader,
): StackSpec['forwarder'] {
  const text = reader.text(node);
  if (text === null) return null;
  const instances = new Set<string>();
  for (const { containers } of applications) {
    for (const { name, count, mode, scale } of containers) {
      const lasting = Math.min(count, scale?.min ?? count);
      if (mode !== 'cron') for (let i = 0; i < lasting; i++) instances.add(`${name}${i}`);
    }
  }
  if (!instances.has(text.text)) {
    const near = instances.has(`${text.text}0`) ? [`${text.text}0`] : nearest(text.text, instances);
    reader.problems.error(
      'STK305',
      `\`logrotate.forwarder\` names \`${text.text}\`, which is no instance`,
      text.place.range,
      {
        help:
          near.length === 0
            ? 'write an instance, such as `logspout0`'
            : `did you mean ${near.map((n) => `\`${n}\``).join(' or ')}?`,
      },
    );
  }
  return { instance: text.text, range: text.place.range };
}

/** Reads the file's own `manual`: containers to be treated as if they were included at every apply. Sorted. */
export function readManual(
  property: Property | undefined,
  applications: readonly ApplicationSpec[],
  reader: Reader,
): readonly string[] {
  if (property === undefined) return [];
  const containers = new Map<string, ContainerSpec>(
    applications.flatMap((application) => application.containers.map((c) => [c.name, c] as const)),
  );
  const names = new Set<string>();
  for (const { text, place } of reader.texts(property.value)) {
    const container = containers.get(text);
    if (container === undefined) {
      const near = nearest(text, containers.keys());
      reader.problems.error('STK305', `\`manual\` names \`${text}\`, which is not there`, place.range, {
        help: near.length === 0 ? null : `did you mean ${near.map((n) => `\`${n}\``).join(' or ')}?`,
      });
    } else if (container.mode === 'cron') {
      reader.problems.error('STK305', `\`manual\` names the cron container \`${text}\``, place.range, {
        related: [{ range: container.range, message: '`deploy: cron`' }],
        help: 'each of its runs is a new container anyway: take it out',
      });
    } else if (container.mode === 'auto') {
      reader.problems.warn('STK359', `\`manual\` names \`${text}\`, which is \`auto\``, place.range, {
        related: [{ range: container.range, message: '`deploy: auto`' }],
        help: 'it is replaced whenever it differs: take it out',
      });
    } else {
      names.add(text);
    }
  }
  if (names.size > 0) {
    reader.problems.warn(
      'STK359',
      '`manual` in the file replaces its containers at every apply',
      property.keyRange,
      {
        help: `take it out, and use \`stack apply ${[...names].map((n) => `--include ${n}`).join(' ')}\` when you mean it`,
      },
    );
  }
  return [...names].sort();
}

/** `docker.exec` ran a command at deploy; now there is a command for that. */
export function warnDockerExec(exec: Property | undefined, reader: Reader): void {
  if (exec === undefined) return;
  const container = reader.text(reader.fields(exec.value).get('container')?.value)?.text;
  reader.problems.warn('STK360', '`docker.exec` runs nothing at an apply', exec.keyRange, {
    help: `use \`stack exec ${container ?? 'NAME'} -- COMMAND\``,
  });
}
