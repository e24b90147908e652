import { listings, takesConnections, type VerdictFacts } from './facts.ts';
import { durationWords } from './duration-words.ts';
import { rules } from './rules.ts';
import { isHeld } from './rules/stopping-first.ts';
import { names } from './rules/rule.ts';
import type { Capacity, Judgement, Verdict } from './verdict.ts';
import { unreachable } from '../unreachable.ts';

/** What a change does to requests, by the first rule that applies. */
export function judge(facts: VerdictFacts): Judgement {
  const rule = rules.find(({ applies }) => applies(facts));
  // The last rule always applies.
  if (rule === undefined) throw new Error('no rule applies');
  const verdict = rule.verdict(facts);
  return {
    rule: rule.id,
    verdict,
    capacity: takesConnections(facts) ? capacityOf(facts, verdict) : null,
    touches: touchesOf(facts),
  };
}

function capacityOf(facts: VerdictFacts, verdict: Verdict): Capacity {
  const { action, instances } = facts;
  const of = Math.max(instances.now, instances.after);
  switch (action) {
    case 'create':
    case 'start':
    case 'update':
    case 'reload':
      return { lowest: instances.now, of };
    case 'remove':
      return { lowest: instances.after, of };
    case 'replace':
      return { lowest: Math.max(0, instances.now - awayOf(facts, verdict)), of };
    default:
      return unreachable(action);
  }
}

/** How many serve nobody while it is replaced. */
function awayOf({ order, socket, gone, rolled }: VerdictFacts, verdict: Verdict): number {
  // Nobody gets to a new generation, and in the end all are new.
  if (verdict.kind === 'gap' && verdict.length.kind === 'lasting') return rolled;
  // One that binds the published path itself has taken it before it serves.
  return order === 'stop-first' || socket.kind === 'fixed' ? gone : 0;
}

/** Who is touched besides. */
function touchesOf(facts: VerdictFacts): readonly string[] {
  const { action, order, runs, clients, dependents, instance } = facts;
  const isAway = runs && (action === 'remove' || (action === 'replace' && order === 'stop-first'));
  const touches: string[] = [];
  if (isAway) {
    const until = action === 'remove' ? '' : isHeld(facts) ? ' and waits for it' : ' meanwhile';
    for (const client of clients)
      touches.push(`\`${client.name}\` loses its link${until}${heldWords(client)}`);
    for (const { name, view } of listings(facts)) {
      touches.push(`\`${name}\` loses an upstream${until}${view.others === 0 ? ', its only one' : ''}`);
    }
  }
  if (action === 'replace' || action === 'remove') {
    const moved = runs && !isAway ? clients.filter(({ held }) => held) : [];
    for (const client of moved) touches.push(`\`${client.name}\` gets another address${heldWords(client)}`);
    if (runs) touches.push(...upgraded(facts));
    for (const dependent of dependents) {
      const what = dependent.by === 'volume' ? 'shares its volumes' : 'uses its network';
      touches.push(`\`${dependent.name}\` ${what}${heldWords(dependent)}`);
    }
  }
  if (action === 'create') touches.push(...unlisted(facts, instance));
  return touches;
}

/** Connections that are no requests any more end when their clients like, or after that time. */
function upgraded(facts: VerdictFacts): readonly string[] {
  const { server, container, stop, can, drainMs } = facts;
  if (server.keepsAlive === false) return [];
  const isDrained = drainMs > 0 && (facts.socket.own || can.takeAway || can.hold || can.drainPorts);
  const limit = durationWords((isDrained ? drainMs : 0) + (stop.effect === 'kills' ? 0 : stop.timeoutMs));
  const front = facts.sharing?.front;
  const through = [
    ...listings(facts).filter(({ view }) => view.upgrades),
    ...(front?.kind === 'read' && front.view.upgrades ? [{ name: container }] : []),
  ];
  return through.length === 0
    ? []
    : [`web sockets through ${names(through)} are cut off after ${limit} at the latest`];
}

function heldWords({ held }: { readonly held: boolean }): string {
  return held ? ' (held: it stays as it is)' : '';
}

/** `app: 2→4` while the balancer knows two: the new ones get nothing. */
function unlisted({ balancers, instances, container }: VerdictFacts, instance: string): readonly string[] {
  return balancers.flatMap(({ name, config }) =>
    config.kind === 'read' && config.view === null && config.listed > 0
      ? [
          `${names([{ name }])} lists ${config.listed} of ${instances.after} \`${container}\`: \`${instance}\` gets no requests`,
        ]
      : [],
  );
}
