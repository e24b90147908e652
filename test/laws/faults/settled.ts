import type { DesiredState } from '../../../src/compiler/desired/desired-state.ts';
import { labels } from '../../../src/compiler/labels.ts';
import { generationOf } from '../../support/memory-agent-session.ts';
import { isInstance, pathOf, type Machine } from './machine.ts';

/** What is not as the file says, or is left over, in words; networks and volumes are there from the first apply on. */
export function settledProblems(
  { engine, links, vanished }: Machine,
  desired: DesiredState,
): readonly string[] {
  const ours = engine.containers().filter(({ labels: own }) => own[labels.stack] === desired.stack);
  const instances = ours.filter(isInstance);
  const wanted = desired.containers
    .filter(({ mode }) => mode !== 'cron')
    .flatMap((container) => container.instances.map((instance) => ({ container, instance })));
  const problems: string[] = [];
  // Whose socket it is, or whose it was when it was kept.
  const isOfVanished = (path: string, to: string) =>
    [to, path.slice(path.lastIndexOf('/') + 1)].some((name) => vanished.has(name.slice(1)));
  const places = new Set(
    wanted.flatMap(({ instance: { socket } }) => (socket === null ? [] : [pathOf(socket.published)])),
  );
  const same = (what: string, is: readonly string[], should: readonly string[]) => {
    const [more, less] = [
      is.filter((one) => !should.includes(one)),
      should.filter((one) => !is.includes(one)),
    ];
    if (more.length > 0) problems.push(`${what} are too many: ${more.sort().join(', ')}`);
    if (less.length > 0) problems.push(`${what} are lacking: ${less.sort().join(', ')}`);
  };
  same(
    'containers',
    instances.map(
      ({ name, state, restart, imageId, env }) => `${name} ${state} ${restart} ${imageId} ${setting(env)}`,
    ),
    wanted.map(({ container, instance }) => {
      const image = engine.image(container.image.reference);
      return `${instance.engineName} running ${instance.spec.restart.name} ${image} ${setting(instance.env.map(({ name, value }) => `${name}=${value}`))}`;
    }),
  );
  same(
    'published paths',
    [...links]
      .filter(([path, to]) => places.has(path) || !isOfVanished(path, to))
      .map(([path, to]) => `${path} ${to}`),
    wanted.flatMap(({ instance }) => {
      if (instance.socket === null) return [];
      const found = instances.find(({ name }) => name === instance.engineName);
      const of = found === undefined ? '' : generationOf(found);
      const { published, movable } = instance.socket;
      return [`${pathOf(published)} ${movable ? '.' : '@'}${of}`];
    }),
  );
  // An agent that no instance needs is let be.
  const isAsked = {
    stack: wanted.some(({ instance }) => instance.socket !== null),
    host: wanted.some(({ instance }) => instance.spec.network === 'host'),
  };
  for (const { name, state, networkMode, networks, labels: own } of ours) {
    if (own[labels.role] === 'agent' && !isAsked[networkMode === 'host' ? 'host' : 'stack']) continue;
    if (state !== 'running' && !name.endsWith('.migration')) problems.push(`${name} is ${state}`);
    if (networkMode !== 'host' && !(desired.stack in networks)) problems.push(`${name} is on no network`);
  }
  const rest = ours.filter((each) => !isInstance(each) && each.labels[labels.role] !== 'agent');
  for (const { name, state } of rest)
    if (!name.endsWith('.migration') || state !== 'exited') problems.push(`${name} is left over, ${state}`);
  return problems;
}

function setting(env: readonly string[]): string {
  return env.filter((pair) => pair.startsWith('SETTING=')).join(' ');
}
