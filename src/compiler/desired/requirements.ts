import { Problems } from '../spec/problems.ts';
import type { ContainerSpec } from '../spec/container-spec.ts';
import type { StackSpec } from '../spec/stack-spec.ts';
import { isOfHost, type Template } from '../spec/template.ts';
import type { ContainerKey } from './desired-state.ts';
import { buildOf } from './build.ts';
import { Expander, type Known } from './expander.ts';
import { writtenImage } from './image.ts';
import { OPERATOR_DATABASE_VARIABLES } from './operator-database.ts';
import { contentTemplate } from './file-content.ts';
import type {
  BuildRequirement,
  ImageRequirement,
  PullPolicy,
  Requirements,
  ResolvedInputs,
} from './resolved-inputs.ts';
import { allTemplates } from './all-templates.ts';

/** From the least eager policy to the most. */
const EAGERNESS: readonly PullPolicy[] = ['never', 'missing', 'auto', 'always'];

/**
 * What `resolve` will need from outside: computed from the spec alone, sorted. An image whose reference holds a
 * variable of the operator or a fact of the host can be named only when those are given as `known`; without them it
 * is left out, and `resolve` will know nothing of it. So is what stands in files that are interpolated, until they are `known`; and an
 * image that is built, until its content is (`builds`).
 */
export function requirements(
  spec: StackSpec,
  known: Partial<Known & Pick<ResolvedInputs, 'files' | 'builds'>> = {},
): Requirements {
  const env = new Set<string>();
  const files = new Set<string>();
  const secrets = new Set<string>();
  let host = false;
  const take = (template: Template) => {
    for (const part of template.parts) {
      if (part.kind === 'env') env.add(part.name);
      else if (part.kind === 'secret') secrets.add(part.name);
      else if (part.kind === 'name') host ||= isOfHost(part.name);
    }
  };
  for (const { username, password } of spec.registries)
    for (const template of [username, password]) take(template);
  for (const { command } of spec.hooks) for (const word of command) take(word);
  for (const application of spec.applications) {
    for (const { value } of [...application.environment, ...(application.database?.variables ?? [])])
      take(value);
    for (const container of application.containers) {
      for (const template of allTemplates(container)) take(template);
      for (const { content } of container.files) {
        if (content.kind !== 'file') continue;
        files.add(content.source);
        const found = content.interpolate ? known.files?.[content.source] : undefined;
        const template = found === undefined ? null : contentTemplate(found, content.place);
        if (template !== null) take(template);
      }
      if (container.database !== null && application.database === null) {
        for (const name of OPERATOR_DATABASE_VARIABLES) env.add(name);
      }
    }
  }
  return {
    images: images(spec, known),
    builds: builds(spec, known),
    env: [...env].sort(),
    secrets: [...secrets].sort(),
    files: [...files].sort(),
    host,
    dataVolumes: spec.applications
      .flatMap(({ name: application, dataVolumes }) =>
        dataVolumes.map(({ name }) => ({ key: `${application}/${name}`, name })),
      )
      .sort((a, b) => (a.key < b.key ? -1 : 1)),
  };
}

interface Asked extends Pick<ImageRequirement, 'build'> {
  pull: PullPolicy;
  readonly containers: ContainerKey[];
}

/** Those of which all is known but their content. */
function builds(spec: StackSpec, known: Partial<Known>): readonly BuildRequirement[] {
  const expander = new Expander(spec.name, known, new Problems(spec.source, spec.told));
  const found = new Map<string, BuildRequirement>();
  for (const { containers } of spec.applications)
    for (const container of containers) {
      const build = buildOf(container, expander);
      if (build !== null) found.set(build.key, build);
    }
  return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function images(
  spec: StackSpec,
  known: Partial<Known & Pick<ResolvedInputs, 'builds'>>,
): readonly ImageRequirement[] {
  const expander = new Expander(spec.name, known, new Problems(spec.source, spec.told));
  const found = new Map<string, Asked>();
  const add = (container: ContainerSpec) => {
    const image = writtenImage(container, expander, known.builds ?? {});
    if (image === null) return;
    const before = found.get(image.reference);
    if (before === undefined) {
      const build = image.built === null ? {} : { build: { registry: image.built.registry } };
      found.set(image.reference, { pull: container.pull, containers: [container.key], ...build });
      return;
    }
    before.containers.push(container.key);
    if (EAGERNESS.indexOf(container.pull) > EAGERNESS.indexOf(before.pull)) before.pull = container.pull;
  };
  for (const { containers } of spec.applications) for (const container of containers) add(container);
  return [...found]
    .map(([reference, { containers, ...asked }]) => ({ reference, ...asked, containers: containers.sort() }))
    .sort((a, b) => (a.reference < b.reference ? -1 : 1));
}
