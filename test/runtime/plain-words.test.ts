import { describe, expect, it } from 'vitest';
import { EngineError } from '../../src/runtime/engine.ts';
import { helpForLog, plainWords } from '../../src/runtime/plain-words.ts';

const OCI =
  'failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ';
const PORT =
  'driver failed programming external connectivity on endpoint shop-app0 (425c8e2abad94a2b3b9a29caee1a2c1f): ';

/** What engines 20.10, 26 and 28 say, word for word, and what an operator reads. */
const told: readonly (readonly [words: string, message: string, help: RegExp])[] = [
  [
    `${PORT}Bind for 127.0.0.1:18444 failed: port is already allocated`,
    'port 18444 of the host is published by another container',
    /docker ps --filter publish=18444/,
  ],
  [
    `${PORT}Bind for :::80 failed: port is already allocated`,
    'port 80 of the host is published by another container',
    /publish=80/,
  ],
  [
    `${PORT}Error starting userland proxy: listen tcp4 0.0.0.0:18445: bind: address already in use`,
    'port 18445 of the host is held by a program outside Docker',
    /`ss -ltnp 'sport = :18445'`/,
  ],
  [
    `${PORT}Error starting userland proxy: listen udp4 0.0.0.0:53: bind: address already in use`,
    'port 53/udp of the host is held by a program outside Docker',
    /`ss -lunp 'sport = :53'`/,
  ],
  [
    `${PORT}failed to bind host port for 0.0.0.0:80:172.17.0.2:80/tcp: address already in use`,
    'port 80 of the host is held by a program outside Docker',
    /sport = :80'/,
  ],
  [
    'failed to set up container networking: failed to bind host port [::]:80/tcp: address already in use',
    'port 80 of the host is held by a program outside Docker',
    /sport = :80'/,
  ],
  [
    `${PORT}Error starting userland proxy: listen tcp4 203.0.113.9:18446: bind: cannot assign requested address`,
    'the host has no address 203.0.113.9',
    /ip addr/,
  ],
  [
    'Conflict. The container name "/shop-app0.1.next" is already in use by container "771852f39eb2c0172bbb16cfd3ef09a4dfed". You have to remove (or rename) that container to be able to reuse that name.',
    'the name `shop-app0.1.next` is taken by another container, 771852f39eb2',
    /docker inspect 771852f39eb2/,
  ],
  [
    'container d9709673fab7: driver "overlay2" failed to remove root filesystem: unlinkat /var/lib/docker/overlay2/2806f593ba6a/merged: device or resource busy',
    'the engine cannot remove its files yet: another process of the host has them mounted',
    /`stack apply` again removes it/,
  ],
  [
    'remove shop-data: volume is in use - [d90ec138d74b0d58fc3fbbe4d1c3e7f9]',
    'volume `shop-data` is in use by container d90ec138d74b',
    /volume=shop-data/,
  ],
  [
    'error while removing network: network shop id 3dddc8009885117733c4 has active endpoints',
    'containers are still on network `shop`',
    /docker network inspect shop/,
  ],
  [
    'could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network',
    'the engine has no range of addresses left for another network',
    /docker network prune/,
  ],
  [
    'all predefined address pools have been fully subnetted',
    'the engine has no range of addresses left for another network',
    /docker network prune/,
  ],
  [
    'mkdir /var/lib/docker/overlay2/4f: no space left on device',
    'a disk of the engine is full',
    /docker system df/,
  ],
  [
    `${OCI}error during container init: error mounting "/etc/hostname" to rootfs at "/tmp": mount /etc/hostname:/tmp (via /proc/self/fd/6), flags: 0x5000: not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)?`,
    '`/etc/hostname` cannot be mounted at `/tmp`: one is a file, the other a folder',
    /on the host/,
  ],
  [
    'unable to find user nobodyhere: no matching entries in passwd file',
    'the image has no user `nobodyhere`',
    /1000:1000/,
  ],
  [
    'unable to find group staffx: no matching entries in group file',
    'the image has no group `staffx`',
    /`user`/,
  ],
  [
    `${OCI}exec: "nosuchcmd": executable file not found in $PATH: unknown`,
    'the image has no program `nosuchcmd`',
    /`command` and `entrypoint`/,
  ],
  [
    `failed to create task for container: ${OCI}exec: "/no/such": stat /no/such: no such file or directory: unknown`,
    'the image has no program `/no/such`',
    /`entrypoint`/,
  ],
  [
    `${OCI}exec: "/etc/passwd": permission denied: unknown`,
    '`/etc/passwd` in the image is no program that may be run',
    /chmod \+x/,
  ],
  [
    `${OCI}exec /bin/app: exec format error`,
    'the program in the image is not for this machine, or a script without `#!`',
    /platform/,
  ],
  [
    'Cannot mkdir: /etc/passwd is not a directory',
    '`/etc/passwd` cannot be the working directory',
    /working_dir/,
  ],
  [
    `${OCI}error during container init: error setting rlimits for ready process: error setting rlimit type 7: operation not permitted: unknown`,
    'the host does not allow a limit as high as `ulimits` says',
    /lower it/,
  ],
  [
    'Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available',
    '`cpus` is more than the 2.00 of the host',
    /lower it/,
  ],
  [
    'Minimum memory limit allowed is 6MB',
    '`memory` is less than 6MB, the least that the engine allows',
    /raise it/,
  ],
  [
    `${OCI}unable to apply cgroup configuration: failed to write 1: device or resource busy`,
    'the control groups of the host do not take the limits of the container',
    /docker info/,
  ],
  [
    `${OCI}error during container init: open /proc/sys/net/ipv4/nope: no such file or directory: unknown`,
    'the host has no sysctl `net/ipv4/nope` that a container may set',
    /sysctls/,
  ],
  [
    'error gathering device information while adding custom device "/dev/nope": no such file or directory',
    'the host has no device `/dev/nope`',
    /devices/,
  ],
  [
    'error looking up logging plugin nope: plugin "nope" not found',
    'the engine has no log driver `nope`',
    /plugin/,
  ],
  [
    "unknown log opt 'nope' for json-file log driver",
    'the log driver json-file has no option `nope`',
    /`log`/,
  ],
  [
    `${OCI}error during container init: sethostname: invalid argument: unknown`,
    'the host name is longer than the 64 bytes that the kernel takes',
    /hostname/,
  ],
];

describe('what an engine says', () => {
  it.each(told)('%s', (words, message, help) => {
    const found = plainWords(new EngineError('server', 'start container x', words));
    expect(found).toMatchObject({ message, detail: words });
    expect(found.help).toMatch(help);
  });

  it('stays as it is where nobody has better words', () => {
    const found = plainWords(new EngineError('server', 'start container x', 'something new: 42'));
    expect(found).toEqual({ message: 'something new: 42', detail: null, help: null });
  });

  it('of a call that may have come through is told with the way to find out', () => {
    const found = plainWords(new EngineError('cut-off', 'start container x', 'it broke off'));
    expect(found).toMatchObject({ message: 'it broke off', detail: null });
    expect(found.help).toMatch(/`stack plan` shows what is there/);
  });
});

const pulled: readonly (readonly [words: string, message: string, help: RegExp])[] = [
  [
    "pull access denied for app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    'the registry has no such image, or does not give it to you',
    /`docker.registries` or of `docker login`/,
  ],
  [
    'Get "http://127.0.0.1:5999/v2/": no basic auth credentials',
    'the registry wants a login, and there is none for it',
    /docker login/,
  ],
  [
    'manifest for r.io/app:9 not found: manifest unknown: manifest unknown',
    'the registry has no such image',
    /pushed/,
  ],
  [
    'no matching manifest for linux/amd64 in the manifest list entries',
    'the registry has this image, but none for linux/amd64',
    /`platform`/,
  ],
  [
    'Get "https://registry.invalid/v2/": dial tcp: lookup registry.invalid on 10.0.0.53:53: no such host',
    'the host name of the registry, `registry.invalid`, cannot be resolved',
    /name/,
  ],
  [
    'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
    'nothing listens at 127.0.0.1:1, where the registry should be',
    /runs/,
  ],
  [
    'Get "https://10.0.0.5:5000/v2/": http: server gave HTTP response to HTTPS client',
    'the registry speaks plain HTTP, which the engine does not trust',
    /insecure-registries/,
  ],
  [
    'Get "https://r.io/v2/": x509: certificate signed by unknown authority',
    "the engine does not trust the registry's certificate",
    /certs\.d/,
  ],
  [
    'Get "https://r.io/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
    'the registry does not answer',
    /network/,
  ],
  ['unexpected EOF', 'the registry broke off in the middle', /again/],
  [
    'toomanyrequests: You have reached your pull rate limit.',
    'the registry lets no more pulls through for now: too many were made',
    /docker login/,
  ],
  [
    'write /var/lib/docker/tmp/GetImageBlob1: no space left on device',
    'a disk of the engine is full',
    /docker system df/,
  ],
];

describe('what an engine says of a registry', () => {
  it.each(pulled)('%s', (words, message, help) => {
    for (const operation of ['pull app:1', 'ask the registry for app:1']) {
      const found = plainWords(new EngineError('server', operation, words));
      expect(found).toMatchObject({ message, detail: words });
      expect(found.help).toMatch(help);
    }
  });

  it('is no matter of registries elsewhere', () => {
    const words = 'Post "http://plugin/x": dial tcp 127.0.0.1:1: connect: connection refused';
    expect(plainWords(new EngineError('server', 'create volume x', words)).message).toBe(words);
  });
});

it('a log that says why the program could not begin has its help', () => {
  expect(helpForLog(['exec /bad: exec format error'])).toMatch(/platform of the engine/);
  expect(helpForLog(['listening on 80'])).toBeNull();
});
