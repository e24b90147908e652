import { parsed, unparsed, type Parsed } from './parsed.ts';
import { normalizePath } from './volume.ts';

/** The engine writes these for each container, over whatever lies there. */
const OF_ENGINE: Readonly<Record<string, string>> = {
  '/etc/hosts': 'use `extra_hosts`',
  '/etc/hostname': 'use `hostname`',
  '/etc/resolv.conf': 'set the name servers on the engine',
};

/** What a tar archive holds: 155 bytes of folder, 100 of name. */
const LONGEST_FOLDER = 155;
const LONGEST_NAME = 100;

/** Reads where a file is put in a container: an absolute path of a file, without what only the kernel or the engine fills. */
export function parseFilePath(text: string): Parsed<string> {
  const problem = (message: string, help: string) => unparsed(message, 0, text.length, help);
  const path = text.endsWith('/') || text.includes('\0') ? null : normalizePath(text);
  if (path === null || path === '/')
    return problem(
      `\`${text}\` is not an absolute path of a file`,
      'write its whole path in the container, such as `/etc/nginx/nginx.conf`',
    );
  if (/^\/(proc|sys|dev)\//.test(path))
    return problem(`\`${path}\` is the kernel's, and no file can be put there`, 'choose another path');
  const ofEngine = Object.hasOwn(OF_ENGINE, path) ? OF_ENGINE[path] : undefined;
  if (ofEngine !== undefined)
    return problem(`\`${path}\` is written by the engine, in every container`, ofEngine);
  const at = path.lastIndexOf('/');
  const bytes = (part: string) => new TextEncoder().encode(part).length;
  if (bytes(path.slice(1, at)) > LONGEST_FOLDER || bytes(path.slice(at + 1)) > LONGEST_NAME)
    return problem(
      `\`${path}\` is too long`,
      `a folder may have ${LONGEST_FOLDER} bytes, and a file's name ${LONGEST_NAME}`,
    );
  return parsed(path);
}
