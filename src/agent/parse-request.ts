import type {
  ArrivalsRequest,
  PortArrivalsRequest,
  DrainPortsRequest,
  DrainRequest,
  LeaseRequest,
  PointRequest,
  ProbeRequest,
} from '../runtime/agent/agent-session.ts';
import type { AgentQuestion, AgentRequest } from './protocol.ts';
import { Refusal } from './refusal.ts';

const MAX_TIMEOUT_MS = 3_600_000;

type Fields = Readonly<Record<string, unknown>>;

/** A line that is no request: why, and whose answer that is when the line says so. */
export interface Unreadable {
  readonly id: number | null;
  readonly error: string;
}

/** Reads one line; never throws. */
export function parseRequest(line: string): AgentRequest | Unreadable {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return { id: null, error: 'the line is no JSON' };
  }
  if (!isFields(fields)) return { id: null, error: 'the line is no JSON object' };
  const { id } = fields;
  if (typeof id !== 'number' || !Number.isSafeInteger(id))
    return { id: null, error: '`id` is no whole number' };
  try {
    return { id, ...questionIn(fields) };
  } catch (error) {
    if (error instanceof Refusal) return { id, error: error.message };
    throw error;
  }
}

function questionIn(fields: Fields): AgentQuestion {
  switch (fields['op']) {
    case 'ping':
      return { op: 'ping' };
    case 'probe':
      return { op: 'probe', ...probeIn(fields) };
    case 'publish':
      return {
        op: 'publish',
        directory: text(fields, 'directory'),
        link: text(fields, 'link'),
        to: text(fields, 'to'),
        waitMs: fields['waitMs'] === 0 ? 0 : milliseconds(fields, 'waitMs'),
      };
    case 'hold':
      return {
        op: 'hold',
        directory: text(fields, 'directory'),
        link: text(fields, 'link'),
        as: text(fields, 'as'),
        back: text(fields, 'back'),
        kept: fields['kept'] === true,
        limitMs: milliseconds(fields, 'limitMs'),
      };
    case 'keep':
      return {
        op: 'keep',
        directory: text(fields, 'directory'),
        name: text(fields, 'name'),
        as: text(fields, 'as'),
      };
    case 'restore':
      return {
        op: 'restore',
        directory: text(fields, 'directory'),
        name: text(fields, 'name'),
        from: text(fields, 'from'),
      };
    case 'unlink':
      return { op: 'unlink', directory: text(fields, 'directory'), name: text(fields, 'name') };
    case 'journal': {
      const { lease, doing } = fields;
      return {
        op: 'journal',
        lines: linesIn(fields),
        lease: typeof lease === 'string' ? lease : null,
        doing: typeof doing === 'string' ? doing : null,
      };
    }
    case 'lease':
      return { op: 'lease', ...leaseIn(fields) };
    case 'free':
      return { op: 'free', lease: text(fields, 'lease') };
    case 'holder':
      return { op: 'holder' };
    case 'unlock':
      return { op: 'unlock', lease: text(fields, 'lease') };
    case 'revision':
      return { op: 'revision' };
    case 'arrivals':
      return { op: 'arrivals', ...arrivalsIn(fields) };
    case 'port-arrivals':
      return { op: 'port-arrivals', ...portArrivalsIn(fields) };
    case 'drain':
      return { op: 'drain', ...drainIn(fields) };
    case 'drain-ports':
      return { op: 'drain-ports', ...drainPortsIn(fields) };
    case 'listeners':
      return { op: 'listeners', ports: portsIn(fields) };
    case 'host':
      return { op: 'host', ports: portsIn(fields) };
    case 'point':
      return { op: 'point', ...pointIn(fields) };
    case 'leave': {
      const { state } = fields;
      if (state !== 'drain' && state !== 'maint') throw new Refusal('`state` is neither `drain` nor `maint`');
      return { op: 'leave', socket: text(fields, 'socket'), servers: texts(fields, 'servers'), state };
    }
    case 'cron-run':
    case 'cron-pause':
    case 'cron-resume': {
      const { user, host } = object(fields, 'by');
      if (typeof user !== 'string' || typeof host !== 'string') throw new Refusal('`by` is nobody');
      return { op: fields['op'], job: text(fields, 'job'), by: { user, host } };
    }
    default:
      throw new Refusal(`unknown operation ${JSON.stringify(fields['op'])}`);
  }
}

function probeIn(fields: Fields): ProbeRequest {
  return {
    target: targetIn(object(fields, 'target')),
    ask: askIn(object(fields, 'ask')),
    timeoutMs: milliseconds(fields, 'timeoutMs'),
  };
}

function arrivalsIn(fields: Fields): ArrivalsRequest {
  return {
    name: text(fields, 'name'),
    pids: pidsIn(fields),
    count: countIn(fields),
    timeoutMs: milliseconds(fields, 'timeoutMs'),
  };
}

function portArrivalsIn(fields: Fields): PortArrivalsRequest {
  const { pid, beside } = fields;
  if (!isPositive(pid)) throw new Refusal('`pid` is no process id');
  if (beside !== null && !isPositive(beside)) throw new Refusal('`beside` is no process id');
  return {
    pid,
    beside,
    ports: portsIn(fields),
    count: countIn(fields),
    idleMs: milliseconds(fields, 'idleMs'),
    timeoutMs: milliseconds(fields, 'timeoutMs'),
  };
}

function countIn({ count }: Fields): number {
  if (!isPositive(count)) throw new Refusal('`count` is no whole number above 0');
  return count;
}

function leaseIn(fields: Fields): Omit<LeaseRequest, 'id'> & { readonly lease: string } {
  return {
    lease: text(fields, 'lease'),
    user: text(fields, 'user'),
    host: text(fields, 'host'),
    mark: text(fields, 'mark'),
    command: text(fields, 'command'),
    since: text(fields, 'since'),
    again: fields['again'] === true,
  };
}

function linesIn({ lines }: Fields): readonly string[] {
  const isLine = (line: unknown): line is string => typeof line === 'string' && !line.includes('\n');
  if (!Array.isArray(lines) || !lines.every(isLine)) throw new Refusal('`lines` is no list of lines');
  return lines;
}

function pidsIn(fields: Fields): readonly number[] {
  const pids = fields['pids'];
  if (!Array.isArray(pids) || !pids.every(isPositive)) throw new Refusal('`pids` is no list of process ids');
  return pids;
}

function drainIn(fields: Fields): DrainRequest {
  return {
    name: text(fields, 'name'),
    path: text(fields, 'path'),
    pids: pidsIn(fields),
    quietMs: milliseconds(fields, 'quietMs'),
    timeoutMs: milliseconds(fields, 'timeoutMs'),
  };
}

function drainPortsIn(fields: Fields): DrainPortsRequest {
  const { pid } = fields;
  if (!isPositive(pid)) throw new Refusal('`pid` is no process id');
  return {
    pid,
    ports: portsIn(fields),
    quietMs: milliseconds(fields, 'quietMs'),
    timeoutMs: milliseconds(fields, 'timeoutMs'),
  };
}

function portsIn({ ports }: Fields): readonly number[] {
  if (!Array.isArray(ports) || !ports.every(isPort)) throw new Refusal('`ports` is no list of ports');
  return ports;
}

function pointIn(fields: Fields): PointRequest {
  return {
    socket: text(fields, 'socket'),
    servers: texts(fields, 'servers'),
    host: text(fields, 'host'),
    ready: fields['ready'] === true,
    timeoutMs: milliseconds(fields, 'timeoutMs'),
  };
}

function isPort(value: unknown): value is number {
  return isPositive(value) && value <= 65_535;
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0;
}

function milliseconds(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value === 'number' && value > 0 && value <= MAX_TIMEOUT_MS) return value;
  throw new Refusal(`\`${name}\` is no number above 0 and up to ${MAX_TIMEOUT_MS}`);
}

function targetIn(fields: Fields): ProbeRequest['target'] {
  switch (fields['kind']) {
    case 'socket':
      return { kind: 'socket', path: text(fields, 'path') };
    case 'tcp': {
      const port = fields['port'];
      if (!isPort(port)) throw new Refusal('`port` is no port');
      return { kind: 'tcp', host: text(fields, 'host'), port };
    }
    default:
      throw new Refusal(`unknown target ${JSON.stringify(fields['kind'])}`);
  }
}

function askIn(fields: Fields): ProbeRequest['ask'] {
  switch (fields['kind']) {
    case 'connect':
      return { kind: 'connect' };
    case 'http': {
      const path = text(fields, 'path');
      // What Node's client refuses by throwing, and what could smuggle in another header.
      if (!/^\/[\x21-\x7e]*$/.test(path)) throw new Refusal(`${JSON.stringify(path)} is no request path`);
      return { kind: 'http', path };
    }
    default:
      throw new Refusal(`unknown question ${JSON.stringify(fields['kind'])}`);
  }
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new Refusal(`\`${name}\` is no text`);
}

function texts(fields: Fields, name: string): readonly string[] {
  const value = fields[name];
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value;
  throw new Refusal(`\`${name}\` is no list of texts`);
}

function object(fields: Fields, name: string): Fields {
  const value = fields[name];
  if (isFields(value)) return value;
  throw new Refusal(`\`${name}\` is no object`);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
