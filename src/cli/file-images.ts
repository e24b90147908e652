import { requirements } from '../compiler/desired/requirements.ts';
import { allBuilds } from '../runtime/gather-inputs.ts';
import { hostFacts } from '../runtime/inputs/host-facts.ts';
import type { Connection } from './connection.ts';
import { exitCode } from './exit-code.ts';
import { CommandFailure } from './failure.ts';
import type { Io } from './io.ts';
import { listed } from './render/text.ts';
import type { LoadedSpec } from './stack-file.ts';

/** The images that a stack file names. Fails with 1 where one cannot be told, for a variable that is not set. */
export async function fileImages(
  variables: Io['env'],
  { engine, remoteHost }: Connection,
  { spec, folder }: Pick<LoadedSpec, 'spec' | 'folder'>,
): Promise<readonly string[]> {
  const first = requirements(spec);
  const env = Object.fromEntries(
    first.env.flatMap((name) => {
      const value = variables[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  const host = first.host ? await hostFacts(engine, remoteHost) : null;
  const builds = await allBuilds(requirements(spec, { env, host }).builds, folder);
  const { images } = requirements(spec, { env, host, builds });
  const named = new Set(images.flatMap(({ containers }) => containers));
  const all = spec.applications.flatMap(({ containers }) => containers);
  const open = all.filter(({ key }) => !named.has(key));
  if (open.length === 0) return images.map(({ reference }) => reference);
  const names = listed(
    open.map(({ name }) => `\`${name}\``),
    'and',
  );
  const unset = first.env.filter((name) => !Object.hasOwn(env, name)).map((name) => `\`${name}\``);
  throw new CommandFailure(
    exitCode.failed,
    `which image the file wants for ${names} cannot be told${unset.length === 0 ? '' : `: ${listed(unset, 'and')} ${unset.length === 1 ? 'is' : 'are'} not set`}`,
    'give the variables that `stack apply` is given, or `--name` instead of the file',
  );
}
