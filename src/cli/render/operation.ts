import type { ContainerRef, Operation } from '../../compiler/plan/operation.ts';
import type { Action, PlannedHook } from '../../compiler/plan/plan.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import { durationWords } from '../../compiler/verdict/duration-words.ts';
import { printable } from './text.ts';

/** One operation in a few words; what it is about stands before it, as the name of its change. */
export function operationText(op: Operation): string {
  switch (op.kind) {
    case 'image.build':
      return 'build';
    case 'image.push':
      return 'push';
    case 'image.pull':
      return 'pull';
    case 'volume.create':
      return 'create';
    case 'volume.remove':
      return 'remove';
    case 'network.create':
      return 'create';
    case 'network.remove':
      return 'remove';
    case 'agent.build':
      return 'build';
    case 'agent.create':
      return 'create';
    case 'agent.start':
      return 'start';
    case 'agent.remove':
      return 'remove';
    case 'migration.run':
      return op.adopt === null ? 'run the migration' : 'wait for the migration that still runs';
    case 'hook.run':
      return printable(hookText(op));
    case 'adoption.record':
      return 'write down what is adopted';
    case 'adoption.forget':
      return 'remove the record of what was adopted';
    case 'container.create':
      return `create generation ${op.generation}`;
    case 'container.start':
      return `start ${generationOf(op.target)}`;
    case 'container.unpause':
      return `unpause ${generationOf(op.target)}`;
    case 'container.gate':
      return `wait until generation ${op.generation} is ready`;
    case 'container.up':
      return `wait until ${generationOf(op.target)} stays up`;
    case 'container.alive':
      return `see that ${generationOf(op.target)} still runs`;
    case 'container.monitor':
      return `watch ${generationOf(op.target)} for ${durationWords(op.ms)}`;
    case 'canary.bake':
      return `watch the ${op.targets.length === 1 ? 'canary' : `${op.targets.length} canaries`} for ${durationWords(op.ms)}`;
    case 'forerunners.alive':
      return 'see that those replaced before it still run';
    case 'container.policy':
      return `restart policy ${op.policy} for ${generationOf(op.target)}`;
    case 'container.connect':
      return `connect ${generationOf(op.target)} to network ${op.network}`;
    case 'container.disconnect':
      return `disconnect ${generationOf(op.target)} from network ${op.network}`;
    case 'container.rename':
      return `${generationOf(op.target)} becomes ${op.name}`;
    case 'container.signal':
      return `send ${op.signal} to ${generationOf(op.target)}`;
    case 'container.idle':
      return `wait until ${generationOf(op.target)} has no work left`;
    case 'container.stop':
      return `stop ${generationOf(op.target)}${op.timeoutS === null ? '' : ` (limit ${op.timeoutS} s)`}`;
    case 'container.remove':
      return `remove ${generationOf(op.target)}`;
    case 'socket.publish':
      return `publish ${op.link} → ${op.to}`;
    case 'socket.hold':
      return `hold what comes to ${op.link}`;
    case 'socket.release':
      return op.link === op.to
        ? `hand over what is held at ${op.link}`
        : `publish ${op.link} → ${op.to}, with what is held`;
    case 'socket.keep':
      return `keep ${op.name} as ${op.as}`;
    case 'socket.restore':
      return `put ${op.name} back`;
    case 'socket.unlink':
      return `unlink ${op.name}`;
    case 'socket.drain':
      return `drain ${generationOf(op.target)}`;
    case 'socket.reached':
      return `wait until the balancer comes to ${generationOf(op.target)}`;
    case 'ports.drain':
      return `drain ${generationOf(op.target)}`;
    case 'ports.refuse':
      return `${generationOf(op.target)} refuses new connections`;
    case 'ports.admit':
      return `${generationOf(op.target)} lets new connections in again`;
    case 'proxies.wake':
      return `let proxies on ${op.networks.join(' and ')} look again`;
    case 'proxies.reached':
      return `wait until proxies come to ${generationOf(op.target)}`;
    case 'ports.note':
      return `note who listens on ${op.ports.length === 1 ? 'port' : 'ports'} ${op.ports.join(', ')} of the host`;
    case 'balancer.point':
      return `tell ${op.balancer} the address of ${generationOf(op.target)}`;
    case 'balancer.leave':
      return op.state === 'drain'
        ? `${op.balancer} sends it no new requests`
        : `${op.balancer} sends it nothing`;
    case 'balancer.notice':
      return `wait ${durationWords(op.ms)} until the checks of ${op.balancers.join(' and ')} have seen it gone`;
    case 'files.reload':
      return `reload ${generationOf(op.target)}`;
    case 'files.restore':
      return `put the old files of ${generationOf(op.target)} back`;
    case 'files.settle':
      return `forget the old files of ${generationOf(op.target)}`;
    case 'checkpoint':
      return op.name;
    default:
      return unreachable(op);
  }
}

/** `bin/check --all`, `bin/warm-cache in shop/app`. */
export function hookText({ command, container }: Pick<PlannedHook, 'command' | 'container'>): string {
  return `${command.join(' ')}${container === null ? '' : ` in ${container}`}`;
}

/** Containers of `stack run` have no generation, which is told as 0. */
function generationOf(target: ContainerRef): string {
  if (target.generation === 0) return 'the container';
  const owner = target.kind === 'leaving' ? ` of ${target.instance}` : '';
  return `generation ${target.generation}${owner}`;
}

/**
 * Steps between the ones that a person follows; shown with `--verbose` and when they fail. What is done in place, or
 * tidied, has no others.
 */
export function isQuiet(op: Operation, action: Action | null): boolean {
  if (op.kind === 'checkpoint' || op.kind === 'files.settle') return true;
  if (action !== 'create' && action !== 'replace' && action !== 'schedule' && action !== 'remove')
    return false;
  // The last rename is the moment in which a generation is the current one; a published socket is what others use.
  return (
    op.kind === 'container.policy' ||
    op.kind === 'container.alive' ||
    op.kind === 'forerunners.alive' ||
    op.kind === 'socket.keep' ||
    (op.kind === 'container.rename' && phaseName.test(op.name)) ||
    (op.kind === 'socket.unlink' && op.name.startsWith('.'))
  );
}

const phaseName = /\.\d+\.(?:next|old|failed)$/;
