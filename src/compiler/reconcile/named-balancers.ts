import { runningBalancers } from '../balancer/running.ts';
import type { Listing, Sought } from '../balancer/tellers.ts';
import { diagnostic } from '../diagnostic.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { ObservedContainer, ObservedState } from '../observed/observed-state.ts';
import type { Decided } from './decide.ts';

/**
 * What keeps the containers that the file names as `balancer` from being told where instances are; one warning for each
 * container that names one. Only what runs, and was looked at, can be judged: the plan itself may mend it.
 */
export function namedBalancers(
  decided: readonly Decided[],
  observed: ObservedState,
  find: (sought: Sought) => Listing,
): readonly Diagnostic[] {
  const reported = new Set<string>();
  return decided.flatMap(({ container, instance, standing }) => {
    const { balancer, name } = container;
    if (balancer === null || instance.socket !== null || reported.has(container.key)) return [];
    const named = observed.containers.filter(
      (seen) =>
        seen.role === 'instance' &&
        seen.phase === 'current' &&
        seen.state === 'running' &&
        seen.application === container.application &&
        seen.container === balancer.name,
    );
    const aliases = [...new Set(Object.values(standing.current?.networks ?? {}).flat())];
    const listing = find({ engineName: instance.engineName, instance: instance.name, aliases });
    const problem = named.flatMap((seen) => problemWith(seen, observed, listing) ?? [])[0];
    if (problem === undefined) return [];
    reported.add(container.key);
    const message = `\`${name}\` names \`${balancer.name}\` as its \`balancer\`, which ${problem.what}`;
    return [diagnostic('STK421', message, balancer.span, { severity: 'warning', help: problem.help })];
  });
}

function problemWith(
  seen: ObservedContainer,
  observed: ObservedState,
  { tellers, silent }: Listing,
): { readonly what: string; readonly help: string } | null {
  const program = runningBalancers(observed).find(({ container }) => container.id === seen.id)?.program;
  if (program !== 'haproxy') {
    return {
      what: `is no haproxy`,
      help: 'only a haproxy can be told while it runs where its servers are; name that one, or take `balancer` out',
    };
  }
  const text = observed.balancers.get(seen.id);
  if (text === undefined || tellers.some(({ id }) => id === seen.id)) return null;
  if (text.kind === 'unread') {
    return { what: `has a configuration that cannot be read (${text.why})`, help: 'plan again' };
  }
  const why = silent.find(({ id }) => id === seen.id)?.why;
  return why === undefined
    ? {
        what: 'does not list it by name',
        help: 'write its instances as servers, `server app0 app0:3000`, with `links` to them or by their names on the engine',
      }
    : {
        what: why,
        help: 'write `stats socket PATH level admin` into its configuration, with a PATH in one of its data volumes',
      };
}
