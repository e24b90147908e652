import { candidates, certain } from '../adopt/candidates.ts';
import { tellersIn } from '../balancer/tellers.ts';
import type { DesiredState } from '../desired/desired-state.ts';
import { diagnostic } from '../diagnostic.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { journalVolume } from '../names.ts';
import type { ObservedState } from '../observed/observed-state.ts';
import type { PlanRequest } from '../plan/plan.ts';
import { checkAdoption } from './check-adoption.ts';
import { named } from './decide.ts';
import { namedBalancers } from './named-balancers.ts';
import type { Decided } from './decide.ts';
import type { DroppedInstance } from './dropped.ts';
import { takenMetricsPort, takenPorts } from './taken-ports.ts';
import { linksUnseen, socketsGone } from './links.ts';
import type { DecidedTemplate } from './templates.ts';

/** What is wrong with, or should be known of, a plan as a whole. */
export function checkPlan(
  desired: DesiredState,
  observed: ObservedState,
  request: PlanRequest,
  decided: readonly Decided[],
  {
    dropped,
    templates,
  }: { readonly dropped: readonly DroppedInstance[]; readonly templates: readonly DecidedTemplate[] },
): readonly Diagnostic[] {
  const selected = [
    ...decided,
    ...templates.map(({ container }) => ({ container, instance: container.template })),
  ];
  const diagnostics: Diagnostic[] = [];
  const adoptable = new Set(certain(candidates(desired, observed)).map(({ one }) => one.name));
  const running = observed.containers.filter((c) => c.role === 'instance' && c.state === 'running');
  const leaving = new Set(dropped.flatMap((d) => d.containers.map((c) => c.id)));
  if (running.length > 0 && running.every((c) => leaving.has(c.id)) && !request.allowRemoveAll) {
    diagnostics.push(
      diagnostic('STK410', `this plan removes every running container of stack \`${desired.stack}\``, null, {
        help: 'check the file and the stack name; `--allow-remove-all` if it is meant, `stack destroy` to end the stack',
      }),
    );
  }
  diagnostics.push(...outsideOfOnly(request, selected));
  if (!request.offline) diagnostics.push(...missingNetworks(selected, observed));
  diagnostics.push(...linksUnseen(decided, observed.links), ...socketsGone(decided, observed.links));
  diagnostics.push(...takenNames(decided, templates, observed));
  diagnostics.push(...checkAdoption(desired, observed, request, decided, dropped));
  diagnostics.push(...droppedVolumes(desired, observed));
  diagnostics.push(...takenVolumes(desired, observed));
  diagnostics.push(...takenPorts(decided, dropped, observed, adoptable));
  diagnostics.push(...takenMetricsPort(desired, observed));
  diagnostics.push(...namedBalancers(decided, observed, tellersIn(observed)));
  return diagnostics;
}

/** Of the file, and not left out. */
type Selected = Pick<Decided, 'container' | 'instance'>;

/** What was asked for by name must not be left out in silence. */
function outsideOfOnly(request: PlanRequest, decided: readonly Selected[]): readonly Diagnostic[] {
  if (request.only.length === 0) return [];
  const asked = [
    ...request.force.map((name) => ['--force', name] as const),
    ...request.include.map((name) => ['--include', name] as const),
  ];
  return asked
    .filter(([, name]) => !decided.some((d) => named(new Set([name]), d.container, d.instance)))
    .map(([option, name]) =>
      diagnostic('STK416', `\`${option} ${name}\` names what \`--only\` leaves out`, null, {
        help: `add \`--only ${name}\`, or leave one of the two away`,
      }),
    );
}

function missingNetworks(decided: readonly Selected[], observed: ObservedState): readonly Diagnostic[] {
  const present = new Set(observed.networks);
  const reported = new Set<string>();
  const diagnostics: Diagnostic[] = [];
  for (const { container, instance } of decided) {
    for (const network of instance.spec.networks) {
      if (present.has(network) || reported.has(network)) continue;
      reported.add(network);
      diagnostics.push(
        diagnostic(
          'STK411',
          `network \`${network}\` of \`${container.name}\` does not exist on the engine`,
          container.span,
          {
            help: `\`networks\` names networks made outside the stack: \`docker network create ${network}\``,
          },
        ),
      );
    }
  }
  return diagnostics;
}

/** A generation takes its name last, and would find it taken only when everything else is done. */
function takenNames(
  decided: readonly Decided[],
  templates: readonly DecidedTemplate[],
  observed: ObservedState,
): readonly Diagnostic[] {
  const taken = new Set(observed.foreignNames);
  const wanted = [
    ...decided.map(({ container, instance: { name, engineName } }) => ({ container, name, engineName })),
    ...templates.map(({ container, name }) => ({ container, name: container.name, engineName: name })),
  ];
  return wanted
    .filter(({ engineName }) => taken.has(engineName))
    .map(({ container, name, engineName }) =>
      diagnostic(
        'STK420',
        `\`${name}\` needs the name \`${engineName}\`, which a container has that is not the stack's`,
        container.span,
        {
          help: `\`docker rename ${engineName} OTHER\`, or \`docker rm --force ${engineName}\` if nobody needs it; then plan again`,
        },
      ),
    );
}

function droppedVolumes(desired: DesiredState, observed: ObservedState): readonly Diagnostic[] {
  const wanted = new Set(desired.volumes.map((v) => v.name));
  return observed.volumes
    .filter((v) => !wanted.has(v.name) && v.name !== journalVolume(desired.stack))
    .map((v) => {
      const users = observed.containers.filter(
        ({ role, spec }) => role === 'instance' && spec?.mounts.some(({ source }) => source === v.name),
      );
      const [user] = users;
      return diagnostic(
        'STK413',
        `data volume \`${v.dataVolume}\` no longer has ${v.path}; volume \`${v.name}\` is kept`,
        null,
        {
          severity: 'warning',
          help:
            user === undefined
              ? `nothing mounts it; remove it with \`docker volume rm ${v.name}\` once it is not needed`
              : `\`${user.instance}\` mounts it now; what takes its place starts without what is in it`,
        },
      );
    });
}

/** An engine's create call succeeds for a name that is taken, and the volume stays as it is, without our labels. */
function takenVolumes(desired: DesiredState, observed: ObservedState): readonly Diagnostic[] {
  const foreign = new Set(observed.foreignVolumes);
  return desired.volumes
    .filter((v) => !v.adopted && foreign.has(v.name))
    .map((v) =>
      diagnostic(
        'STK414',
        `volume \`${v.name}\` of data volume \`${v.dataVolume}\` was made by another tool; it is used as it is`,
        null,
        {
          severity: 'warning',
          help: '`stack destroy --volumes` will leave it; if its content is not meant, choose another name for the data volume',
        },
      ),
    );
}
