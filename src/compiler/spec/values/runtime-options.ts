import type { DeviceSpec } from '../../desired/runtime-options.ts';
import { isIpv4, isIpv6 } from './ip-address.ts';
import { parsed, unparsed, type Parsed } from './parsed.ts';
import { normalizePath } from './volume.ts';

function wrong(text: string, what: string, help: string): Parsed<never> {
  return unparsed(`\`${text}\` is not ${what}`, 0, Math.max(text.length, 1), help);
}

/** `cpus`: a number of cores above zero, fractions allowed. */
export function parseCpus(text: string): Parsed<number> {
  const cpus = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  return cpus > 0 && cpus <= 4096
    ? parsed(cpus)
    : wrong(text, 'a number of processors', 'write `1`, `0.5`, `2`');
}

/** `working_dir`: an absolute path. */
export function parseWorkingDir(text: string): Parsed<string> {
  const path = normalizePath(text);
  return path === null
    ? wrong(text, 'an absolute path', 'write the path in the container, from `/`')
    : parsed(path);
}

/** `hostname`: a host name of at most 63 characters (sethostname(2) takes 64). */
export function parseHostname(text: string): Parsed<string> {
  return text.length <= 63 && /^[a-zA-Z0-9](?:[a-zA-Z0-9_.-]*[a-zA-Z0-9])?$/.test(text)
    ? parsed(text)
    : wrong(text, 'a host name', 'up to 63 letters, digits, `-`, `_` and `.`');
}

/** One of `networks`. */
export function parseNetworkName(text: string): Parsed<string> {
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(text) && text !== 'host' && text !== 'none'
    ? parsed(text)
    : wrong(text, 'the name of a network to join', 'write the name of one that exists on the engine');
}

/** `platform`: `os`, `os/architecture` or `os/architecture/variant`. */
export function parsePlatform(text: string): Parsed<string> {
  return /^[a-z0-9]+(\/[a-z0-9_]+){0,2}$/.test(text)
    ? parsed(text)
    : wrong(text, 'a platform', 'write `linux/amd64` or `linux/arm64/v8`');
}

/** One of `tmpfs`: `path` or `path:options`. */
export function parseTmpfs(text: string): Parsed<readonly [path: string, options: string]> {
  const colon = text.indexOf(':');
  const path = normalizePath(colon === -1 ? text : text.slice(0, colon));
  return path === null || path === '/'
    ? wrong(text, 'a mount path', 'write `/run` or `/run:size=64m,mode=1777`')
    : parsed([path, colon === -1 ? '' : text.slice(colon + 1)]);
}

/** One of `devices`: `host[:container[:permissions]]`. */
export function parseDevice(text: string): Parsed<DeviceSpec> {
  const [host = '', second, third, ...more] = text.split(':');
  const onlyMode = second !== undefined && third === undefined && /^[rwm]{1,3}$/.test(second);
  const container = second === undefined || onlyMode ? host : second;
  const permissions = (onlyMode ? second : third) ?? 'rwm';
  return host.startsWith('/') &&
    container.startsWith('/') &&
    /^[rwm]{1,3}$/.test(permissions) &&
    more.length === 0
    ? parsed({ host, container, permissions })
    : wrong(text, 'a device', 'write `/dev/fuse`, or `/dev/sda:/dev/xvda:rwm`');
}

/** One of `extra_hosts`: `name:address` or `name=address`; the address may be `host-gateway`. Gives `name:address`. */
export function parseExtraHost(text: string): Parsed<string> {
  const [, name = '', written = ''] = /^([^:=]+)[:=](.+)$/.exec(text) ?? [];
  const address = /^\[(.*)\]$/.exec(written)?.[1] ?? written;
  const sound = address === 'host-gateway' || isIpv4(address) || isIpv6(address);
  return sound && /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)
    ? parsed(`${name}:${address}`)
    : wrong(text, 'a host and its address', 'write `name:10.0.0.5`, or `name:host-gateway`');
}
