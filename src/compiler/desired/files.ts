import type { ContainerSpec, FileSpec } from '../spec/container-spec.ts';
import { Problems } from '../spec/problems.ts';
import { parseTemplate, variesByInstance, type Template } from '../spec/template.ts';
import { checkTemplate } from '../spec/template-rules.ts';
import { normalizePath } from '../spec/values/volume.ts';
import { unreachable } from '../unreachable.ts';
import type { DesiredFile, Reload } from './desired-state.ts';
import type { Scope } from './expander.ts';
import { contentTemplate, contentText } from './file-content.ts';
import type { MountSpec } from './instance-spec.ts';
import { reportNoSocket, type Resolution } from './resolution.ts';
import { wordsExpander } from './words.ts';

/** Reads the files of a container's instances. */
export interface FilesReader {
  /** Whether they differ between instances. */
  readonly vary: boolean;
  /** Whether one of them names the socket; also where that is not known, in a rehearsal. */
  readonly nameSocket: boolean;
  readonly read: (scope: Scope) => readonly DesiredFile[];
}

/** What is in a file: text to be expanded, or bytes as they are; null: not known, or a problem. */
type Source = Template | Uint8Array | null;

/** Takes the contents apart once for all instances, and reports what they and their places have wrong. */
export function filesReader(
  container: ContainerSpec,
  mounts: readonly MountSpec[],
  hasSocket: boolean,
  resolution: Resolution,
): FilesReader {
  const { files } = container;
  for (const file of files) reportMounted(file, container, mounts, resolution);
  const sources = files.map((file) => ({ file, source: sourceOf(file, resolution) }));
  for (const { file, source } of sources) {
    if (hasSocket || source === null || !('parts' in source) || !namesSocket(source)) continue;
    const what = `\`%{socket}\` cannot stand in \`${file.path}\``;
    reportNoSocket(what, container, file.range, resolution.problems);
  }
  const templates = sources.flatMap(({ source }) => (source !== null && 'parts' in source ? [source] : []));
  const words = files.flatMap(({ reload }) => (reload?.kind === 'command' ? reload.command : []));
  return {
    vary: [...templates, ...words].some(variesByInstance),
    nameSocket: sources.some(({ source }) => source === null) || templates.some(namesSocket),
    read: (scope) =>
      sources.map(({ file, source }): DesiredFile => {
        const { path, mode, user } = file;
        const content = contentOf(source, scope, resolution);
        return { path, mode, user, content, reload: reloadOf(file, scope, resolution) };
      }),
  };
}

function namesSocket({ parts }: Template): boolean {
  return parts.some(({ kind }) => kind === 'socket');
}

function sourceOf({ content, path }: FileSpec, { inputs, problems, secrets }: Resolution): Source {
  if (content.kind === 'text') return content.template;
  if (inputs === null) return null;
  const { source, place } = content;
  const found = inputs.files[source] ?? { error: 'was not read' };
  if ('error' in found) {
    problems.error('STK368', `the file \`${source}\` ${found.error}`, place.range, {
      help: 'its path starts at the folder of the stack file',
    });
    return null;
  }
  if (!content.interpolate) return found.bytes;
  const text = contentText(found);
  const template = contentTemplate(found, place);
  if (text === null || template === null) {
    problems.error(
      'STK368',
      `the file \`${source}\` is not UTF-8, so nothing in it can be filled in`,
      place.range,
      {
        help: `take \`interpolate\` of \`${path}\` out: then its bytes are put there as they are`,
      },
    );
    return null;
  }
  const told = [...parseTemplate(text).problems];
  for (const { code, message, help, start } of told) {
    problems.error(code, `${lineOf(text, start)} of \`${source}\`: ${message}`, place.range, { help });
  }
  let sound = told.length === 0;
  for (const part of template.parts) {
    if (part.kind === 'text') continue;
    const own = new Problems(problems.source);
    checkTemplate({ parts: [part], place: template.place }, 'run', secrets, own);
    const checked = own.conclude(null);
    for (const { code, message, help } of checked.ok ? [] : checked.diagnostics) {
      problems.error(code, `${lineOf(text, part.start)} of \`${source}\`: ${message}`, place.range, { help });
      sound = false;
    }
  }
  return sound ? template : null;
}

function lineOf(text: string, offset: number): string {
  return `line ${text.slice(0, offset).split('\n').length}`;
}

function contentOf(source: Source, scope: Scope, { expander }: Resolution): string | Uint8Array {
  if (source === null) return '';
  return 'parts' in source ? (expander.expand(source, scope) ?? '') : source;
}

function reloadOf({ reload }: FileSpec, scope: Scope, { expander }: Resolution): Reload | null {
  if (reload === null) return null;
  switch (reload.kind) {
    case 'signal':
      return reload;
    case 'command': {
      const { real, shown } = wordsExpander(reload.command, expander)(scope, null);
      return { kind: 'command', command: real ?? [], shown: shown ?? [] };
    }
    default:
      return unreachable(reload);
  }
}

/** What is mounted there would hide the file, or keep it for others and for good. */
function reportMounted(
  { path, range }: FileSpec,
  container: ContainerSpec,
  mounts: readonly MountSpec[],
  { problems }: Resolution,
): void {
  const tmpfs = container.limits.tmpfs.flatMap(({ parts }) => {
    const [first] = parts;
    const target = first?.kind === 'text' ? normalizePath(first.text.split(':')[0] ?? '') : null;
    return target === null ? [] : [{ target, what: 'a `tmpfs`, which is empty after the start' }];
  });
  const mounted = mounts.map(({ target, type, source, dataVolume }) => ({
    target,
    what:
      dataVolume !== null
        ? `the data volume \`${dataVolume}\``
        : type === 'bind'
          ? `\`${source}\` of the host`
          : `the volume \`${source}\``,
  }));
  for (const { target, what } of [...mounted, ...tmpfs]) {
    if (path !== target && !path.startsWith(`${target}/`) && !target.startsWith(`${path}/`)) continue;
    problems.error('STK367', `\`${path}\` and \`${target}\`, ${what}, are in each other's way`, range, {
      help: 'a file belongs to one generation, what is mounted does not: choose a path that is not mounted',
    });
  }
}
