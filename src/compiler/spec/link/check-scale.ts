import type { Reference, WrittenContainer } from '../container-spec.ts';
import { unreachable } from '../../unreachable.ts';
import type { Problems } from '../problems.ts';
import type { ScaleSource } from '../scale-spec.ts';
import type { Names } from './names.ts';

/** Finds the containers that `scale` names: haproxys, Redis servers, where a command runs. Codes: STK305, STK326, STK328, STK333. */
export function checkScale(container: WrittenContainer, names: Names, problems: Problems): void {
  for (const source of container.scale?.sources ?? []) {
    checkBalancer(source, container, problems);
    for (const [key, reference] of named(source))
      checkName(key, reference, { container, source, names, problems });
  }
}

function named(source: ScaleSource): readonly (readonly [string, Reference])[] {
  switch (source.kind) {
    case 'requests':
      return source.balancer === null ? [] : [['requests.balancer', source.balancer]];
    case 'waiting':
      return source.balancer === null ? [] : [['queue.balancer', source.balancer]];
    case 'lists':
      return [['queue.redis', source.redis]];
    case 'command':
      return source.container === null ? [] : [['command.container', source.container]];
    case 'cpu':
    case 'memory':
      return [];
    default:
      return unreachable(source);
  }
}

/** Sessions are counted by somebody who must be named. */
function checkBalancer(source: ScaleSource, { name, balancer }: WrittenContainer, problems: Problems): void {
  if (source.kind !== 'requests' || source.balancer !== null || balancer !== null) return;
  problems.error('STK333', `nothing says which haproxy counts the sessions of \`${name}\``, source.range, {
    help: `write \`requests: {balancer: NAME, target: ${source.target}}\``,
  });
}

interface Place {
  readonly container: WrittenContainer;
  readonly source: ScaleSource;
  readonly names: Names;
  readonly problems: Problems;
}

function checkName(key: string, reference: Reference, { container, source, names, problems }: Place): void {
  const found = names.find(reference, key);
  if (found === null) return;
  const { range } = reference.place;
  const { name, mode, network, range: at } = found.container;
  if (found.index !== null)
    problems.error('STK305', `\`${key}\` names \`${reference.name}\`, one instance of a container`, range, {
      help: `name the container: \`${name}\``,
    });
  else if (mode === 'cron')
    problems.error(
      'STK328',
      `\`${key}\` names the cron container \`${name}\`, which only runs now and then`,
      range,
      {
        related: [{ range: at, message: '`deploy: cron`' }],
      },
    );
  else if (found.container === container && source.kind !== 'command')
    problems.error('STK326', `\`${key}\` names \`${name}\` itself`, range);
  else if (source.kind === 'lists' && network.mode !== 'stack')
    problems.error('STK326', `\`${name}\` cannot be asked: it is not on the stack's network`, range, {
      related: [{ range: network.range, message: `\`network: ${network.mode}\`` }],
      help: 'print the length by a `command` in a container that reaches it',
    });
}
