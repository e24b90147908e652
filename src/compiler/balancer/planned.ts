import type { DesiredContainer, DesiredInstance, DesiredState } from '../desired/desired-state.ts';
import { fileBytes } from '../desired/placed-files.ts';
import { programOf } from '../desired/program.ts';
import { readHaproxy, type HaproxyConfig } from './haproxy.ts';
import { balancerProgram, configPaths } from './running.ts';
import { runtimeSocketOf } from './runtime-socket.ts';

/**
 * Data volumes in which haproxys of the file will take commands about instances that they list over TCP, before any of them
 * runs: an agent that mounts them from the first apply on need not be replaced at the second. Told by a configuration in
 * `files`; of one that lies elsewhere only what names it as its `balancer` tells, and then it may be in any data volume that
 * it writes to.
 */
export function plannedRuntimeVolumes({ containers, volumes }: DesiredState): readonly string[] {
  const known = new Set(volumes.map(({ name }) => name));
  const named = new Set(
    containers.flatMap(({ balancer, template }) =>
      balancer === null || template.socket !== null ? [] : [balancer.name],
    ),
  );
  const instances = containers.flatMap((one) => (one.mode === 'cron' ? [] : one.instances));
  return containers
    .filter((one) => one.mode !== 'cron' && isHaproxy(one))
    .flatMap(({ name, template: { spec }, template }) => {
      const config = writtenConfig(template);
      if (config === null)
        return named.has(name)
          ? spec.mounts.flatMap((m) => (m.type === 'volume' && !m.readOnly ? [m.source] : []))
          : [];
      const socket = runtimeSocketOf({ spec }, config);
      return 'why' in socket || !listsAny(config, template, instances) ? [] : [socket.volume];
    })
    .filter((volume) => known.has(volume));
}

/** Whether a container of the file is a haproxy on the stack's network. */
export function isHaproxy({ name, template: { spec, entrypoint, command } }: DesiredContainer): boolean {
  const programs = [entrypoint, command].flatMap((words) => programOf(words ?? []) ?? []);
  return spec.network === 'stack' && balancerProgram(programs, [name, spec.image]) === 'haproxy';
}

/** What `files` hold where the program looks; null: it lies elsewhere. */
export function writtenConfig(template: DesiredInstance): HaproxyConfig | null {
  const { entrypoint, command, env, files } = template;
  const { paths, all } = configPaths('haproxy', [...(entrypoint ?? []), ...(command ?? [])]);
  const found = paths.map((path) =>
    files.filter((file) => file.path === path || isConfigIn(path, file.path)),
  );
  const chosen = all ? found.flat() : (found.find((some) => some.length > 0) ?? []);
  if (chosen.length === 0) return null;
  const text = chosen.map((file) => new TextDecoder().decode(fileBytes(file, ''))).join('\n');
  return readHaproxy(text, new Map(env.map(({ name, value }) => [name, value])));
}

function isConfigIn(folder: string, path: string): boolean {
  return path.startsWith(`${folder.replace(/\/+$/, '')}/`) && path.endsWith('.cfg');
}

/** Whether a server is one of the instances, by the names that it has for the balancer. */
function listsAny(
  { backends }: HaproxyConfig,
  { spec }: DesiredInstance,
  instances: readonly DesiredInstance[],
): boolean {
  const names = new Set([
    ...instances.map(({ engineName }) => engineName),
    ...spec.links.map((l) => l.alias),
  ]);
  return backends.some(({ servers }) =>
    servers.some(({ address }) => address.kind === 'tcp' && names.has(address.host)),
  );
}
