import type { DocumentNode } from '../../source/document.ts';
import type { MetricsSpec } from '../stack-spec.ts';
import { normalizePath } from '../values/volume.ts';
import type { Reader } from './reader.ts';

/** Below it a program needs a right that the agent has not. */
const LOWEST_PORT = 1024;

/** `sun_path` of unix(7), less the zero at its end. */
const LONGEST_PATH = 107;

/** The agent has the folder at a place of its own, and binds beside the name first. */
const LONGEST_NAME = 80;

/** Where the metrics of a stack are that says no more than `true`. */
function defaultSocket(stack: string): string {
  return `/run/stackc/${stack}.sock`;
}

/**
 * Reads `agent.metrics`: `true`, or `{socket, port}`, at least one of the two; null where there are none. Codes: STK202, STK203,
 * STK322, STK323, STK332.
 */
export function readMetrics(
  node: DocumentNode | undefined,
  stack: string,
  reader: Reader,
): MetricsSpec | null {
  if (node === undefined) return null;
  if (node.kind !== 'object') {
    const isOn = reader.flag(node) === true;
    return isOn ? { socket: defaultSocket(stack), port: null, range: node.range } : null;
  }
  const fields = reader.fields(node);
  const [socket, port] = [fields.get('socket')?.value, fields.get('port')?.value];
  if (socket === undefined && port === undefined) {
    reader.problems.error('STK203', '`metrics` says neither `socket` nor `port`', node.range, {
      help: `write \`metrics: true\` for the socket \`${defaultSocket(stack)}\` of the engine's host, or \`{port: 9464}\` for a port of its loopback`,
    });
    return null;
  }
  const path = readSocket(socket, stack, reader);
  const number = port === undefined ? null : reader.integer(port, LOWEST_PORT, 65_535);
  if (path === null && number === null) return null;
  return { socket: path, port: number, range: (port ?? socket ?? node).range };
}

function readSocket(node: DocumentNode | undefined, stack: string, reader: Reader): string | null {
  if (node === undefined) return null;
  if (node.kind === 'scalar' && typeof node.value === 'boolean')
    return node.value ? defaultSocket(stack) : null;
  const written = reader.text(node, 'written');
  if (written === null) return null;
  const { text: path, place } = written;
  const { problems } = reader;
  if (!path.startsWith('/') || normalizePath(path) !== path || path.lastIndexOf('/') === 0) {
    problems.error('STK322', `\`${path}\` is not an absolute path of a socket in a folder`, place.range, {
      help: `write a path of the engine's host, such as \`${defaultSocket(stack)}\``,
    });
    return null;
  }
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (bytes(path) <= LONGEST_PATH && bytes(name) <= LONGEST_NAME) return path;
  problems.error(
    'STK323',
    `\`${path}\` has ${bytes(path)} bytes, and the path of this socket may have ${LONGEST_PATH}, its name ${LONGEST_NAME} of them`,
    place.range,
    { help: 'choose a shorter path' },
  );
  return null;
}
