import { isLed, isTold, listings, type Listing, type VerdictFacts } from '../facts.ts';
import { absence, held, heldMs, INSTANT, lasting, measured } from '../gap-length.ts';
import { gracefulSignal } from '../server.ts';
import { gap, names, short, within, type Rule } from './rule.ts';
import { unreachable } from '../../unreachable.ts';

/** A published port of the host: only one container has it at a time, whatever else holds. */
export const hostPortRules: readonly Rule[] = within(
  ({ action }) => action === 'replace',
  [
    {
      id: 'host-port-moves',
      applies: ({ hostPortMoves }) => hostPortMoves !== null,
      verdict: ({ hostPortMoves }) => {
        const { from = 0, to = null } = hostPortMoves ?? {};
        return gap(
          `nobody answers on port ${from} of the host any more${to === null ? '' : `: it publishes ${to} instead`}`,
          to === null
            ? 'a balancer that goes on publishing it'
            : 'a balancer that publishes both for one deploy',
          lasting(to === null ? 'somebody publishes it again' : `whoever connects there turns to port ${to}`),
        );
      },
    },
    {
      id: 'host-port',
      applies: ({ hostPorts }) => hostPorts.length > 0,
      verdict: (facts) =>
        gap(
          `only one container at a time can publish port ${facts.hostPorts[0]} of the host`,
          'reload it instead of replacing it, or publish the port on a balancer in front',
          absence(facts),
        ),
    },
  ],
);

/** Whatever else only one generation can have at a time. */
export const exclusiveRules: readonly Rule[] = within(
  ({ action }) => action === 'replace',
  [
    {
      id: 'resolved-once',
      applies: (facts) => facts.socket.kind === 'none' && resolvingOnce(facts).length > 0,
      verdict: (facts) => {
        const clients = resolvingOnce(facts);
        return gap(
          `${names(clients)} looked its name up once and go${clients.length === 1 ? 'es' : ''} on using the old address`,
          howToTell(facts) ??
            `a \`socket\`, or \`resolvers\` where ${clients.length === 1 ? 'it looks' : 'they look'} the name up`,
          lasting(`${names(clients)} ${clients.length === 1 ? 'is' : 'are'} started again, at the latest`),
        );
      },
    },
    {
      id: 'path-changes',
      applies: (facts) => facts.socket.elsewhere && listings(facts).length > 0,
      verdict: (facts) =>
        gap(
          `${names(listings(facts))} ${listings(facts).length === 1 ? 'knows' : 'know'} where the old generation serves, and the new one serves elsewhere`,
          'keep its path, and move it by a container of another name beside it',
          lasting(`${names(listings(facts))} ${listings(facts).length === 1 ? 'leads' : 'lead'} there`),
        ),
    },
    {
      // It is told an address, or looks one up: the port stays as it is written there.
      id: 'port-changes',
      applies: (facts) => missingPort(facts)?.isLeft === true,
      verdict: (facts) => {
        const { port = 0, listings: sending = [] } = missingPort(facts) ?? {};
        const is = sending.length === 1 ? '' : 's';
        return gap(
          `${names(sending)} go${is === '' ? 'es' : ''} on sending to port ${port}, where \`${facts.instance}\` no longer listens`,
          `listen on both for one deploy and change the port in ${names(sending)}, or a \`socket\``,
          lasting(`${names(sending)} ${is === '' ? 'has' : 'have'} the new port in the configuration`),
        );
      },
    },
    {
      id: 'database',
      applies: ({ database, order }) => database !== null && order === 'stop-first',
      verdict: (facts) =>
        gap(
          `the files of ${facts.database} have one writer: it stops before its successor starts`,
          '`deploy: manual`, then it is replaced only when it is named',
          absence(facts),
        ),
    },
    {
      id: 'single-writer',
      applies: ({ singleWriter, order }) => singleWriter !== null && order === 'stop-first',
      verdict: (facts) =>
        gap(
          `only it writes ${facts.singleWriter}: it stops before its successor starts`,
          '`strategy: {order: start-first}`, if two generations can share the files',
          absence(facts),
        ),
    },
  ],
);

/** Stop-first where nothing covers for it. */
export const stopFirstRules: readonly Rule[] = within(
  ({ action, order }) => action === 'replace' && order === 'stop-first',
  [
    {
      // What comes before that is held, what comes after it waits in the server's own queue.
      id: 'held-but-bound',
      applies: (facts) => isHeld(facts) && facts.socket.kind === 'fixed',
      verdict: (facts) =>
        gap(
          'its path must be free from the start of its successor until that has bound it',
          whatMoves(facts),
          held(facts),
        ),
    },
    {
      id: 'held-too-long',
      applies: (facts) => isHeld(facts) && (heldMs(facts) ?? 0) > patienceMs(facts),
      verdict: (facts) =>
        gap(
          `its successor takes longer than ${names(listings(facts))} wait${listings(facts).length === 1 ? 's' : ''} for an answer`,
          'a longer `timeout server`',
          measured(heldMs(facts) ?? 0),
        ),
    },
    {
      id: 'alone',
      applies: (facts) => !isHeld(facts) && siblings(facts) === 0,
      verdict: (facts) => {
        const before = listings(facts);
        const behind = before.length === 0 ? '' : ` behind ${names(before)}`;
        return facts.batch > 1 && facts.instances.now > 1
          ? gap(
              'all instances stop at once, before their successors start',
              'a smaller `batch`',
              absence(facts),
            )
          : gap(
              `it is the only one${behind}, and stops before its successor starts`,
              whatMoves(facts),
              absence(facts),
            );
      },
    },
    {
      id: 'not-taken-away',
      applies: (facts) => !isHeld(facts) && !isTakenAway(facts),
      verdict: (facts) => {
        const isCovered =
          listings(facts).length > 0 && listings(facts).every(({ view }) => view.triesAnother);
        return isCovered
          ? gap('what waits to be accepted when it stops is lost', whatMoves(facts), INSTANT)
          : gap('connects to it fail until its successor is ready', whatMoves(facts), absence(facts));
      },
    },
  ],
);

/** Instances that serve while this batch is away. */
export function siblings({ instances, gone }: VerdictFacts): number {
  return Math.max(0, instances.now - gone);
}

/** Stop-first: what comes meanwhile is kept. */
export function isHeld({ can, socket }: VerdictFacts): boolean {
  return can.hold && socket.kind !== 'none';
}

/** Stop-first: new connections go to a sibling. */
export function isTakenAway(facts: VerdictFacts): boolean {
  const { can, socket } = facts;
  return can.takeAway && (socket.kind !== 'none' || isTold(facts) || isLed(facts)) && siblings(facts) > 0;
}

/** A stop signal that cuts requests off, where nothing was drained before. */
export function killed({ stop, server, container }: VerdictFacts): ReturnType<typeof gap> {
  const graceful = gracefulSignal(server.kind);
  const program = server.program === null ? `\`${container}\`` : server.program;
  const cut = 'requests under way are cut off';
  if (stop.timeoutMs === 0)
    return gap(`\`stop_timeout: 0\` kills it: ${cut}`, 'a longer `stop_timeout`', INSTANT);
  if (stop.effect === 'ignored') {
    return gap(
      `a shell runs it and passes no ${short(stop.signal)} on: ${cut}`,
      '`exec` before the program, in its command',
      INSTANT,
    );
  }
  return gap(
    `${short(stop.signal)} ends ${program} at once: ${cut}`,
    graceful === null ? 'a `stop_signal` on which it finishes' : `\`stop_signal: ${graceful}\``,
    INSTANT,
  );
}

/** Clients and balancers that looked its name up at their start. */
function resolvingOnce(facts: VerdictFacts): readonly { readonly name: string }[] {
  return [
    ...listings(facts).filter(({ view, told }) => view.resolvesOnce && told !== 'told'),
    ...facts.clients.filter(({ resolvesOnce }) => resolvesOnce === true),
  ];
}

/**
 * A port that a balancer has written for it and that the new generation may not listen on; `isLeft`: the running one
 * listens there. Null where the port stays, or is the balancer's.
 */
export function missingPort(
  facts: VerdictFacts,
): { readonly port: number; readonly isLeft: boolean; readonly listings: readonly Listing[] } | null {
  const { port, portBefore } = facts.network;
  if (facts.socket.kind !== 'none' || port === null || port === portBefore) return null;
  const sending = listings(facts).filter(({ view }) => view.ports.length > 0 && !view.ports.includes(port));
  const ports = sending.flatMap(({ view }) => view.ports);
  const left = ports.find((written) => written === portBefore);
  const [first] = left === undefined ? ports : [left];
  return first === undefined ? null : { port: first, isLeft: left !== undefined, listings: sending };
}

/** What makes haproxys that list it over TCP ones that can be told where it is; null where there is none such. */
export function howToTell(facts: VerdictFacts): string | null {
  for (const { name, told } of listings(facts)) {
    if (told === null || told === 'told') continue;
    return `\`stats socket PATH level admin\` in a data volume of \`${name}\` (it ${told.why})`;
  }
  return null;
}

function patienceMs(facts: VerdictFacts): number {
  return Math.min(...listings(facts).map(({ view }) => view.serverTimeoutMs ?? Number.POSITIVE_INFINITY));
}

function whatMoves(facts: VerdictFacts): string {
  const { kind } = facts.socket;
  switch (kind) {
    case 'movable':
      return '`strategy: {order: auto}`: its socket can move';
    case 'fixed':
      return 'write its path as `%{socket}` in its command, so that each generation has its own';
    case 'none':
      return howToTell(facts) ?? 'a `socket` of its own for each generation';
    default:
      return unreachable(kind);
  }
}
