import type { ApplicationSpec } from '../spec/application-spec.ts';
import type { ContainerSpec } from '../spec/container-spec.ts';
import { variesByInstance } from '../spec/template.ts';
import type { DesiredContainer, DesiredInstance, DesiredMigration, Strategy } from './desired-state.ts';
import { desiredImage, writtenImage } from './image.ts';
import { instanceMaker } from './instance-maker.ts';
import { jobOf, withJobFile } from './job.ts';
import { notificationsOf } from './notifications.ts';
import { programOf } from './program.ts';
import { scaleOf } from './scale.ts';
import { reportSocketless, type Resolution } from './resolution.ts';
import { balancerProgram } from '../balancer/running.ts';
import { databaseOf, strategyOf } from './strategy.ts';
import { wordsExpander } from './words.ts';

/** Resolves one container with all its instances. */
export function resolveContainer(
  container: ContainerSpec,
  application: ApplicationSpec,
  resolution: Resolution,
): DesiredContainer {
  const { expander, problems, inputs } = resolution;
  const written = writtenImage(container, expander, inputs?.builds ?? {});
  const { image, config } = desiredImage(container, written, inputs?.images ?? {}, problems);
  const before = problems.errors;
  const make = instanceMaker(container, application, image, config, resolution);
  const job = jobOf(container, resolution);
  const template = job === null ? make(0) : withJobFile(make(0), job);
  if (template.socket === null && container.socket === null)
    reportSocketless(container, application, problems);
  warnFixedSocket(container, template, resolution);
  const instances = container.count === 0 ? [] : [template];
  for (let index = 1; index < container.count; index++) {
    // What is wrong with the first is wrong with all of them.
    if (problems.errors > before) break;
    if (inputs !== null || isTelling(container, index)) instances.push(make(index));
  }
  return {
    key: container.key,
    name: container.name,
    application: application.name,
    mode: container.mode,
    span: problems.source.span(container.range),
    after: container.after,
    image,
    instances,
    template,
    strategy: strategy(container, template, written?.name ?? '', resolution),
    rollout: container.rollout,
    balancer:
      container.balancer === null
        ? null
        : { name: container.balancer.name, span: problems.source.span(container.balancer.place.range) },
    migration: migration(container, resolution),
    migrationGates: container.migration === null ? [] : (resolution.takersOf.get(container.key) ?? []),
    notifications: notificationsOf(container, container.notifications, resolution),
    heal: container.heal ?? true,
    scale: scaleOf(container, application, expander),
    job,
  };
}

/** A rehearsal needs no thousand instances: the second shows what is shared, the last the longest name. */
function isTelling(container: ContainerSpec, index: number): boolean {
  return index === 1 || index === container.count - 1 || container.ports.some(variesByInstance);
}

function warnFixedSocket(
  container: ContainerSpec,
  { socket }: DesiredInstance,
  { problems }: Resolution,
): void {
  if (container.socket === null || socket === null || socket.movable) return;
  problems.warn(
    'STK362',
    `no word or variable names the socket of \`${container.name}\`, so it cannot move`,
    container.socket.place.range,
    {
      help: 'give the program its path in `command` or `env`, as `%{socket}`: then a new generation starts beside the old one',
    },
  );
}

function strategy(
  container: ContainerSpec,
  { spec, socket, port }: DesiredInstance,
  imageName: string,
  { writers, problems }: Resolution,
): Strategy {
  const programs = [spec.entrypoint, spec.command].flatMap((words) => programOf(words ?? []) ?? []);
  const database = databaseOf(imageName, programs);
  const moves = socket?.movable === true ? 'movable' : 'fixed';
  return strategyOf(
    {
      container,
      ports: spec.ports,
      singleWriter: writers.of(container, socket?.volume ?? null, database !== null),
      database,
      socket: socket === null ? 'none' : moves,
      hostPort: spec.network === 'host' ? (container.port?.port ?? port) : null,
      sharesPorts: balancerProgram(programs, [container.name, imageName]) !== null,
    },
    problems,
  );
}

function migration(container: ContainerSpec, { expander }: Resolution): DesiredMigration | null {
  const spec = container.migration;
  if (spec === null) return null;
  const scope = { application: container.application, container: container.name, index: 0 };
  const words = wordsExpander(spec.command, expander)(scope, null);
  const { timeoutMs, reversible } = spec;
  return { command: words.real ?? [], shown: words.shown ?? [], timeoutMs, reversible };
}
