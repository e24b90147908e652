import type { Description } from './description.ts';
import type { ImageDefaults, RunningContainer } from './running.ts';
import { secretWords } from './secret-values.ts';
import { Hidden, hint, type Remark, type Value } from './value.ts';

/** `entrypoint` and `command`, where they are not the image's own. */
export function describeWords(container: RunningContainer, image: ImageDefaults): Description {
  const { entrypoint, command } = container;
  const fields = new Map<string, Value>();
  const remarks: Remark[] = [];
  // An entrypoint of one's own takes the image's command away: it can be the image's, written again.
  const drops = command.length === 0 && image.command.length > 0;
  const replaces = drops || !isSame(entrypoint, image.entrypoint);
  if (replaces) {
    fields.set('entrypoint', concealed(entrypoint, container.name, 'Entrypoint'));
    if (drops && isSame(entrypoint, image.entrypoint))
      remarks.push(hint('entrypoint', "the image's own; written so that the image's command is not added"));
  }
  if (command.length > 0 && (replaces || !isSame(command, image.command)))
    fields.set('command', concealed(command, container.name, 'Cmd'));
  return { fields, remarks };
}

/** Words without their secrets. `field` is where `docker inspect` has them. */
export function concealed(
  words: readonly string[],
  container: string,
  field: 'Entrypoint' | 'Cmd' | 'Healthcheck.Test',
  offset = 0,
): readonly Value[] {
  const secret = secretWords(words);
  const name = field === 'Cmd' ? 'command' : field === 'Entrypoint' ? 'entrypoint' : 'health';
  return words.map((word, index) =>
    secret.has(index)
      ? new Hidden(
          word,
          name,
          `docker inspect -f '{{index .Config.${field} ${index + offset}}}' ${container}`,
        )
      : word,
  );
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((word, index) => word === b[index]);
}
