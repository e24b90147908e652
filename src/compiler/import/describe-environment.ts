import type { Description } from './description.ts';
import type { ImageDefaults, RunningContainer } from './running.ts';
import { isSecret, looksSecret } from './secret-values.ts';
import { Hidden, hint, loss, type Remark, type Value } from './value.ts';

/** Labels of tools that made the container, which mean nothing on another one. */
const OF_TOOLS = /^(?:com\.docker\.|desktop\.docker\.|io\.stackc\.)/;

/** The variables and labels that are not the image's. */
export function describeEnvironment(container: RunningContainer, image: ImageDefaults): Description {
  const fields = new Map<string, Value>();
  const remarks: Remark[] = [];
  const ofImage = new Set(image.env);
  const variables: [string, Value][] = [];
  for (const pair of [...container.env].sort()) {
    if (ofImage.has(pair)) continue;
    const at = pair.indexOf('=');
    const name = pair.slice(0, Math.max(at, 0));
    if (at === -1)
      remarks.push(loss('env', `\`${pair}\` is taken out of the image's variables, which cannot be said`));
    else if (name === '') remarks.push(loss('env', 'a variable without a name is left out'));
    else if (name === 'RELEASE_TAG') remarks.push(hint('env', 'RELEASE_TAG is set by stackc'));
    else variables.push([name, variable(container.name, name, pair.slice(at + 1))]);
  }
  if (variables.length > 0) fields.set('env', Object.fromEntries(variables));

  const kept: [string, Value][] = [];
  for (const [name, value] of Object.entries(container.labels).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (OF_TOOLS.test(name) || image.labels[name] === value) continue;
    if (name === '' || isSecret(name, value) || looksSecret(name))
      remarks.push(
        loss(
          'labels',
          `${looksSecret(name) ? 'a label' : `the label \`${name}\``} is left out: labels can be read by everybody, and it may hold a secret`,
        ),
      );
    else kept.push([name, value]);
  }
  if (kept.length > 0) fields.set('labels', Object.fromEntries(kept));
  return { fields, remarks };
}

function variable(container: string, name: string, value: string): Value {
  if (!isSecret(name, value)) return value;
  // `sed` gives the first line only.
  const isPlain = /^[\w.-]+$/.test(name) && !value.includes('\n');
  const print = `docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' ${container}`;
  return new Hidden(
    value,
    name,
    isPlain ? `${print} | sed -n 's/^${name.replaceAll('.', '\\.')}=//p'` : null,
  );
}
