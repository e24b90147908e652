import { generationSocketName } from '../desired/desired-state.ts';
import type { DesiredContainer } from '../desired/desired-state.ts';
import { diagnostic } from '../diagnostic.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { LinkFound, ObservedContainer, ObservedLink } from '../observed/observed-state.ts';
import type { Reason } from '../plan/plan.ts';
import { unreachable } from '../unreachable.ts';
import { STAYING } from './mode-table.ts';
import type { Decided } from './decide.ts';
import { fileName, hasOwnSocket, mountedVolumes, socketPlace } from './sockets.ts';
import type { SocketPlace } from './sockets.ts';
import type { Standing } from './standing.ts';

/** Where the published name of a running instance leads instead of to its current generation; null when all is well. */
export function linkDrift(
  engineName: string,
  standing: Standing,
  links: readonly ObservedLink[],
): Reason | null {
  const { current, leftovers } = standing;
  const place = current === null ? null : publishedPlace(current, engineName);
  if (current === null || place === null) return null;
  // A successor that was cut off after its publish: tidying publishes back.
  if (leftovers.some(({ phase, spec }) => phase === 'next' && spec?.socket === place.published)) return null;
  const found = linkAt(place, links);
  const to = generationSocketName(engineName, current.generation);
  if (found === null || found.kind === 'unknown' || (found.kind === 'symlink' && found.to === to))
    return null;
  return { kind: 'drift', field: `socket ${fileName(place)}`, from: inWords(found), to };
}

/**
 * Running instances whose server's own socket has gone, or given way to something else: only a new start brings it back,
 * and it may be starting right now, so that is the operator's to say. Code: STK419.
 */
export function socketsGone(
  decided: readonly Decided[],
  links: readonly ObservedLink[],
): readonly Diagnostic[] {
  return decided.flatMap(({ container, instance, standing, decision }) => {
    const { current, leftovers } = standing;
    if (current?.state !== 'running' || leftovers.length > 0 || !STAYING.has(decision)) return [];
    // One that was about to leave: its socket was kept, and is put back.
    if (standing.rescue === 'restore') return [];
    const place = socketPlace(current.spec, mountedVolumes(current.spec));
    const found = place === null ? null : linkAt(place, links);
    if (place === null || found === null || found.kind === 'unknown' || found.kind === 'socket') return [];
    const own = hasOwnSocket(current, instance.engineName);
    const ownName = generationSocketName(instance.engineName, current.generation);
    // Elsewhere, its link is drift.
    if (own && (found.kind !== 'symlink' || found.to !== ownName || found.leads)) return [];
    const what = own ? null : inWords(found);
    return [
      diagnostic(
        'STK419',
        `\`${instance.name}\` runs, but its socket ${own ? ownName : place.published} is ${what === null ? 'gone' : `now ${found.kind === 'symlink' ? `a link to ${what}` : what}`}`,
        container.span,
        {
          severity: 'warning',
          help: `unless it is starting: \`stack apply --force ${instance.name}\` makes a new generation, which binds it again`,
        },
      ),
    ];
  });
}

/** Running instances whose published names nobody could look at. Code: STK418. */
export function linksUnseen(
  decided: readonly Decided[],
  links: readonly ObservedLink[],
): readonly Diagnostic[] {
  const unseen = new Map<string, { readonly container: DesiredContainer; readonly names: string[] }>();
  for (const { container, instance, standing } of decided) {
    const { current } = standing;
    const place = current === null ? null : publishedPlace(current, instance.engineName);
    const found = place === null ? null : linkAt(place, links);
    if (found?.kind !== 'unknown') continue;
    const known = unseen.get(found.why);
    if (known === undefined) unseen.set(found.why, { container, names: [instance.name] });
    else known.names.push(instance.name);
  }
  return [...unseen].map(([why, { container, names }]) =>
    diagnostic(
      'STK418',
      `nobody could look whether ${listed(names)} ${names.length === 1 ? 'is' : 'are'} published: ${why}`,
      container.span,
      { severity: 'warning', help: 'the rest of the plan stands; `stack status` says whether they answer' },
    ),
  );
}

/** Where a generation that runs is published by a link; null when it is not. */
function publishedPlace(current: ObservedContainer, engineName: string): SocketPlace | null {
  const isUp = current.state === 'running' || current.state === 'paused';
  return isUp && hasOwnSocket(current, engineName)
    ? socketPlace(current.spec, mountedVolumes(current.spec))
    : null;
}

/** Null when nobody has looked: offline, or it came up since. */
export function linkAt(place: SocketPlace, links: readonly ObservedLink[]): LinkFound | null {
  const isThere = ({ volume, path, name }: ObservedLink) =>
    volume === place.volume && path === place.volumePath && name === fileName(place);
  return links.find(isThere)?.found ?? null;
}

function inWords(found: Exclude<LinkFound, { readonly kind: 'unknown' }>): string | null {
  switch (found.kind) {
    case 'nothing':
      return null;
    case 'symlink':
      return found.to;
    case 'socket':
      return "a socket that is not the generation's";
    case 'other':
      return `a ${found.what}`;
    default:
      return unreachable(found);
  }
}

function listed(names: readonly string[]): string {
  const [first = '', ...rest] = names;
  return rest.length === 0 ? `\`${first}\`` : `\`${first}\` and ${rest.length} more`;
}
