import type { ApplicationSpec } from '../application-spec.ts';
import type { BuildSpec, ContainerSpec } from '../container-spec.ts';
import type { Template } from '../template.ts';
import { slug } from '../values/slug.ts';

/**
 * Names what is built and has no `image`: `<stack>-<container>`, after the first container of the file that builds the same,
 * so that one build is one image.
 */
export function nameBuilds(
  stack: string,
  applications: readonly ApplicationSpec[],
): readonly ApplicationSpec[] {
  const unnamed = applications
    .flatMap(({ containers }) => containers)
    .filter(({ build, image }) => build !== null && image.parts.length === 0)
    .sort((a, b) => a.range.start - b.range.start);
  if (unnamed.length === 0) return applications;
  const names = new Map<string, Template>();
  for (const container of unnamed) {
    const key = writtenBuild(container);
    if (!names.has(key)) names.set(key, templateOf(container, `${slug(stack)}-${slug(container.name)}`));
  }
  return applications.map((application) => ({
    ...application,
    containers: application.containers.map((container) => {
      const image = unnamed.includes(container) ? names.get(writtenBuild(container)) : undefined;
      return image === undefined ? container : { ...container, image };
    }),
  }));
}

/** The same text for the same build. */
function writtenBuild({ build, platform }: ContainerSpec): string {
  const { context, dockerfile, args, target }: Partial<BuildSpec> = build ?? {};
  const words = args?.map(({ name, value }) => [name, value.parts.map(withoutPlace)]);
  return JSON.stringify([context?.text, dockerfile, target, words, platform?.parts.map(withoutPlace)]);
}

function withoutPlace({ start: _start, end: _end, ...part }: Template['parts'][number]) {
  return part;
}

function templateOf({ build, range }: ContainerSpec, text: string): Template {
  return {
    parts: [{ kind: 'text', text, start: 0, end: text.length }],
    place: { range: build?.range ?? range, exact: null },
  };
}
