import { labels } from '../../../src/compiler/labels.ts';
import { specOf } from '../../../src/runtime/parse-spec.ts';
import { generationOf } from '../../support/memory-agent-session.ts';
import type { Chance } from './chance.ts';
import type { Machine } from './machine.ts';

/** Something that somebody else does to the machine, or that happens to it. Returns what, in words. */
export async function meddle(machine: Machine, chance: Chance): Promise<string> {
  const { engine, links } = machine;
  const ours = engine
    .containers()
    .filter(({ labels: own }) => own[labels.stack] === 'shop' && own[labels.role] !== 'migration');
  if (chance.whether(0.04)) {
    engine.reboot();
    return 'reboot';
  }
  if (chance.whether(0.15) && links.size > 0) {
    const [path, to] = chance.pick([...links]);
    // A server's own socket comes back only with a new start, which is for the operator to say.
    if (to.startsWith('@')) return 'nothing';
    machine.robbed.add(to.slice(1));
    if (chance.whether(0.5)) links.delete(path);
    else links.set(path, '.shop-other0.1');
    return `link ${path}`;
  }
  if (ours.length === 0) return 'nothing';
  const { id, name, state, networkMode, env, labels: own } = chance.pick(ours);
  const quietly = (doing: Promise<unknown>) => doing.catch(() => {});
  switch (chance.between(0, 8)) {
    case 0:
    case 1:
    case 2:
      if (state === 'running') engine.crash(id, chance.pick([0, 1, 137]));
      return `crash ${name}`;
    case 3:
    case 4:
      machine.vanished.add(generationOf({ labels: own }));
      await quietly(engine.removeContainer(id));
      return `remove ${name}`;
    case 5:
      await quietly(engine.stopContainer(id, 1));
      return `stop ${name}`;
    case 6:
      await quietly(engine.updateRestart(id, 'on-failure', 7));
      return `policy ${name}`;
    case 7:
      if (networkMode !== 'host') await quietly(engine.disconnectNetwork('shop', id));
      return `disconnect ${name}`;
    default:
      // A server that binds the published path itself takes it from another generation, which only a new start brings back, and
      // leaves it behind where it was just about to be removed.
      if ((isRival(ours, own) || name.endsWith('.old')) && bindsItself(own, env)) return 'nothing';
      await quietly(engine.startContainer(id));
      return `start ${name}`;
  }
}

/** Whether its instance has more than one generation. */
function isRival(
  ours: readonly { readonly labels: Readonly<Record<string, string>> }[],
  own: Readonly<Record<string, string>>,
): boolean {
  return ours.filter((each) => each.labels[labels.instance] === own[labels.instance]).length > 1;
}

function bindsItself(own: Readonly<Record<string, string>>, env: readonly string[]): boolean {
  const socket = specOf(own)?.socket ?? null;
  return socket !== null && !env.some((pair) => pair.startsWith('LISTEN='));
}
