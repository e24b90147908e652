import { resolve } from 'node:path';

import type { DesiredBuild } from '../../compiler/desired/desired-state.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** A call of docker's command line. */
export interface DockerCall {
  readonly words: readonly string[];
  readonly env: Env;
}

/** Variables that docker itself, or what it runs, reads: an argument of such a name cannot be given in the environment. */
const READ_BY_DOCKER =
  /^(?:PATH|HOME|LD_.*|DOCKER_.*|BUILDX_.*|BUILDKIT_.*|GO.*|.*_proxy|SSL_CERT_.*|XDG_.*|TMPDIR)$/i;

/**
 * The operator's environment, in which docker's command line takes the engine that `--context` or `--host` chooses for `stack`,
 * too. No default platform: the tag would not tell of it.
 */
export function dockerEnvironment(
  { context, host }: { readonly context: string | null; readonly host: string | null },
  env: Env,
): Env {
  const { DOCKER_DEFAULT_PLATFORM: _platform, ...others } = env;
  if (context) {
    const { DOCKER_HOST: _host, ...rest } = others;
    return { ...rest, DOCKER_CONTEXT: context };
  }
  if (!host) return others;
  const { DOCKER_CONTEXT: _context, ...rest } = others;
  return { ...rest, DOCKER_HOST: host };
}

/** The build itself. Values of arguments go through the environment, where nobody else on the machine reads them. */
export function buildCall(
  { context, dockerfile, args, target, platform }: DesiredBuild,
  reference: string,
  { folder, env, buildx }: { readonly folder: string; readonly env: Env; readonly buildx: boolean },
): DockerCall {
  const root = resolve(folder, context);
  const open = args.filter(({ name }) => READ_BY_DOCKER.test(name));
  const others = args.filter((arg) => !open.includes(arg));
  return {
    words: [
      ...(buildx
        ? ['docker', 'buildx', 'build', '--load', '--progress', 'plain']
        : // The classic builder leaves the container of a step that fails.
          ['docker', 'build', '--force-rm']),
      '--tag',
      reference,
      '--file',
      resolve(root, dockerfile),
      ...(target === null ? [] : ['--target', target]),
      // The classic builder has no other than the engine's own, which was seen to be this one.
      ...(platform === null || !buildx ? [] : ['--platform', platform]),
      ...others.flatMap(({ name }) => ['--build-arg', name]),
      ...open.flatMap(({ name, value }) => ['--build-arg', `${name}=${value}`]),
      root,
    ],
    env: { ...env, ...Object.fromEntries(others.map(({ name, value }) => [name, value])) },
  };
}
