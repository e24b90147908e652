import type { PortSpec } from '../desired/instance-spec.ts';
import { parsePorts } from '../spec/values/port.ts';
import type { Description } from './description.ts';
import type { RunningContainer } from './running.ts';
import { isSecret } from './secret-values.ts';
import { loss, type Remark, type Value } from './value.ts';

/** Fewer in a row are written one by one. */
const SHORTEST_RANGE = 3;

/** The published ports; three and more in a row as a range. */
export function describePorts({ ports, networkMode }: RunningContainer): Description {
  const fields = new Map<string, Value>();
  // With these nothing is published, whatever was asked for.
  if (networkMode === 'host' || networkMode === 'none' || networkMode.startsWith('container:'))
    return { fields, remarks: [] };
  const texts: string[] = [];
  const remarks: Remark[] = [];
  const sorted = [...ports].sort(byPort);
  for (let at = 0; at < sorted.length; ) {
    const first = sorted[at];
    if (first === undefined) break;
    let length = 1;
    while (follows(first, sorted[at + length], length)) length++;
    const taken = length >= SHORTEST_RANGE ? length : 1;
    const text = portText(first, taken);
    if (parsePorts(text).ok) texts.push(text);
    else remarks.push(loss('ports', `the published port \`${text}\` cannot be said in a stack file`));
    at += taken;
  }
  if (texts.length > 0) fields.set('ports', texts);
  return { fields, remarks };
}

function byPort(a: PortSpec, b: PortSpec): number {
  const key = ({ protocol, hostIp }: PortSpec) => `${protocol} ${hostIp ?? ''}`;
  if (key(a) !== key(b)) return key(a) < key(b) ? -1 : 1;
  return a.containerPort - b.containerPort || (a.hostPort ?? 0) - (b.hostPort ?? 0);
}

function follows(first: PortSpec, next: PortSpec | undefined, by: number): boolean {
  return (
    next !== undefined &&
    next.protocol === first.protocol &&
    next.hostIp === first.hostIp &&
    next.containerPort === first.containerPort + by &&
    first.hostPort !== null &&
    next.hostPort === first.hostPort + by
  );
}

function portText({ containerPort, hostPort, hostIp, protocol }: PortSpec, length: number): string {
  const range = (port: number) => (length === 1 ? String(port) : `${port}-${port + length - 1}`);
  const address = hostIp === null ? '' : hostIp.includes(':') ? `[${hostIp}]:` : `${hostIp}:`;
  const host = hostPort === null ? '' : range(hostPort);
  const before = address === '' && host === '' ? '' : `${address}${host}:`;
  return `${before}${range(containerPort)}${protocol === 'tcp' ? '' : `/${protocol}`}`;
}

/** The log driver and its options, where they are not the engine's own. */
export function describeLog({ log }: RunningContainer, usual: string): Description {
  const remarks: Remark[] = [];
  const value: Record<string, Value> = {};
  const options: [string, Value][] = [];
  if (log.driver !== '' && log.driver !== usual) value['driver'] = log.driver;
  for (const [name, text] of Object.entries(log.options).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (isSecret(name, text))
      remarks.push(
        loss(
          'log',
          `the log option \`${name}\` is left out: it can be read by everybody, and it may hold a secret`,
        ),
      );
    else if (name === 'max-size' || (name === 'max-file' && /^[1-9]\d{0,5}$/.test(text)))
      value[name] = name === 'max-file' ? Number(text) : text;
    else options.push([name, text]);
  }
  if (options.length > 0) value['options'] = Object.fromEntries(options);
  const fields = new Map<string, Value>(Object.keys(value).length === 0 ? [] : [['log', value]]);
  return { fields, remarks };
}
