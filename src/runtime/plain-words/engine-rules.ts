import type { Rule } from './rule.ts';

const LIMITS = 'lower it in the file, or raise the limit of the host';

/** What Docker Engine says when a container, a network or a volume is not to be had. The first that fits counts. */
export const engineRules: readonly Rule[] = [
  {
    pattern: /Bind for (?:\S*:)?(\d+) failed: port is already allocated/,
    message: 'port $1 of the host is published by another container',
    help: '`docker ps --filter publish=$1` shows it; stop it, or choose another port',
  },
  {
    pattern: /listen udp\d? \S*:(\d+): bind: address already in use|:(\d+)\/udp: address already in use/,
    message: 'port $1$2/udp of the host is held by a program outside Docker',
    help: "`ss -lunp 'sport = :$1$2'` shows it; stop it, or choose another port",
  },
  {
    pattern:
      /listen \S+ \S*:(\d+): bind: address already in use|failed to bind (?:host )?port (?:for )?(?:\[.*?\]|[\d.]+):(\d+)\S*: address already in use/,
    message: 'port $1$2 of the host is held by a program outside Docker',
    help: "`ss -ltnp 'sport = :$1$2'` shows it; stop it, or choose another port",
  },
  {
    pattern:
      /(?:listen \S+ |host port (?:for )?)(\[.*?\]|[\d.]+):\d+\S* ?(?:bind: )?cannot assign requested address/,
    message: 'the host has no address $1',
    help: '`ip addr` on the machine of the engine shows those that it has',
  },
  {
    pattern: /container name "\/?([^"]+)" is already in use by container "?([0-9a-f]{12})/,
    message: 'the name `$1` is taken by another container, $2',
    help: '`docker inspect $2` shows whose it is; rename or remove it',
  },
  {
    pattern: /driver "[^"]+" failed to remove root filesystem: unlinkat \S+: device or resource busy/,
    message: 'the engine cannot remove its files yet: another process of the host has them mounted',
    help: 'nobody needs it any more; `stack apply` again removes it',
  },
  {
    pattern: /remove (\S+): volume is in use - \[([0-9a-f]{12})/,
    message: 'volume `$1` is in use by container $2',
    help: '`docker ps -a --filter volume=$1` shows who has it; remove them first',
  },
  {
    pattern: /network (\S+) (?:id \S+ )?has active endpoints/,
    message: 'containers are still on network `$1`',
    help: '`docker network inspect $1` shows them; disconnect or remove them first',
  },
  {
    pattern:
      /could not find an available,? .*address pool|predefined address pools have been fully subnetted/,
    message: 'the engine has no range of addresses left for another network',
    help: "`docker network prune` removes unused networks; `default-address-pools` in the engine's daemon.json gives more",
  },
  {
    pattern: /Pool overlaps with other one on this address space/,
    message: 'the addresses of the network are taken by another one',
    help: '`docker network ls` shows them; `docker network prune` removes unused ones',
  },
  {
    pattern: /no space left on device/,
    message: 'a disk of the engine is full',
    help: '`docker system df` and `df -h` on its machine show what takes the space',
  },
  {
    pattern: /disk quota exceeded/,
    message: 'the engine has used up its share of the disk',
    help: '`docker system df` on its machine shows what takes the space',
  },
  {
    pattern: /error mounting "([^"]+)" to rootfs at "([^"]+)".*not a directory/,
    message: '`$1` cannot be mounted at `$2`: one is a file, the other a folder',
    help: 'look at the path on the host: where nothing was, Docker has made a folder',
  },
  {
    pattern: /error mounting "([^"]+)" to rootfs at "([^"]+)"/,
    message: '`$1` cannot be mounted at `$2`',
    help: 'check the path on the host and the options of the mount',
  },
  {
    pattern: /(?:bind source path does not exist: |error while creating mount source path ')([^']+)/,
    message: 'the host has no `$1`, and it cannot be made',
    help: 'check the path in `volumes`',
  },
  {
    pattern: /(?:invalid mount path: '|Duplicate mount point: )([^']+)/,
    message: '`$1` cannot be a mount path',
    help: 'check the paths in `volumes` and `tmpfs`',
  },
  {
    pattern: /unable to find (user|group) ([^:]+):/,
    message: 'the image has no $1 `$2`',
    help: 'write one that it has into `user`, or numbers: `1000:1000`',
  },
  {
    pattern: /exec: "([^"]*)": (?:executable file not found|stat \S+: no such file or directory)/,
    message: 'the image has no program `$1`',
    help: 'check `command` and `entrypoint`, and what is in the image',
  },
  {
    pattern: /exec: "([^"]*)": permission denied/,
    message: '`$1` in the image is no program that may be run',
    help: 'it is a folder, or a file that `user` may not execute (`chmod +x`)',
  },
  {
    pattern: /exec format error/,
    message: 'the program in the image is not for this machine, or a script without `#!`',
    help: 'build the image for the platform of the engine, or begin the script with `#!/bin/sh`',
  },
  {
    pattern: /Cannot mkdir: (\S+) is not a directory|working directory '([^']+)' is invalid/,
    message: '`$1$2` cannot be the working directory',
    help: 'check `working_dir`',
  },
  {
    pattern: /error setting rlimit/,
    message: 'the host does not allow a limit as high as `ulimits` says',
    help: LIMITS,
  },
  {
    pattern: /Range of CPUs is from \S+ to ([\d.]+)/,
    message: '`cpus` is more than the $1 of the host',
    help: 'lower it in the file',
  },
  {
    pattern: /Minimum memory limit allowed is (\S+)/,
    message: '`memory` is less than $1, the least that the engine allows',
    help: 'raise it in the file',
  },
  {
    pattern: /cgroup/,
    message: 'the control groups of the host do not take the limits of the container',
    help: 'check `memory` and `cpus`; `docker info` shows which control groups the engine uses, and what they lack',
  },
  {
    pattern: /open \/proc\/sys\/(\S+): (?:no such file or directory|permission denied)/,
    message: 'the host has no sysctl `$1` that a container may set',
    help: 'check `sysctls`',
  },
  {
    pattern: /error gathering device information while adding custom device "([^"]+)"/,
    message: 'the host has no device `$1`',
    help: 'check `devices`',
  },
  {
    pattern: /error looking up logging plugin ([^:]+):/,
    message: 'the engine has no log driver `$1`',
    help: 'check `log`, or install the plugin',
  },
  {
    pattern: /unknown log opt '([^']+)' for (\S+) log driver/,
    message: 'the log driver $2 has no option `$1`',
    help: 'check `log`',
  },
  {
    pattern: /sethostname: (?:invalid argument|file name too long)/i,
    message: 'the host name is longer than the 64 bytes that the kernel takes',
    help: 'write a shorter `hostname`',
  },
];
