import { FACTS_BEGIN, FACTS_END } from '../../compiler/setup/read-facts.ts';
import { shellWord } from './shell-word.ts';

/**
 * What is run on a machine to look at it, by any POSIX shell; it changes nothing. What only root may see it asks for with
 * `sudo -n`, which never asks for a password.
 */
export function lookScript(agentImage: string): string {
  return `agent_image=${shellWord(agentImage)}\n${LOOK}`;
}

// All of it in a function: half of a script that was cut off on its way does nothing.
const LOOK = String.raw`
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin:/snap/bin"
settings_file=/etc/docker/daemon.json

say() { printf '%s=%s\n' "$1" "$2"; }
has() { command -v "$1" >/dev/null 2>&1; }
as_root() { if [ "$rights" = sudo ]; then sudo -n "$@"; else "$@"; fi; }
# The machine's own, whatever the user's environment or context says.
engine() { as_root docker --host unix:///var/run/docker.sock "$@" 2>/dev/null; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
os_value() { (. /etc/os-release && eval "printf %s \"\${$1-}\"") 2>/dev/null; }

look_user() {
  say user "$(id -un)"
  # As a new session has them: this one may be older than the last change.
  say groups "$(id -Gn "$(id -un)")"
  if [ "$(id -u)" = 0 ]; then rights=root
  elif ! has sudo; then rights=none
  elif sudo -n true 2>/dev/null; then rights=sudo
  else rights=password; fi
  say rights "$rights"
}

look_system() {
  say os_id "$(os_value ID)"
  say os_codename "$(os_value VERSION_CODENAME)"
  say os_name "$(os_value PRETTY_NAME)"
  if has dpkg; then say architecture "$(dpkg --print-architecture)"; else say architecture "$(uname -m)"; fi
  if [ -d /run/systemd/system ]; then services=systemd
  elif has service && [ -d /etc/init.d ]; then services=sysv
  else services=none; fi
  say services "$services"
  grep -q '^[^ ]* /sys/fs/cgroup[^ ]* cgroup' /proc/self/mounts && say cgroups yes
  for folder in /var/lib/docker /var/lib /var /; do
    [ -d "$folder" ] && break
  done
  say free_kib "$(df -Pk "$folder" | awk 'NR == 2 { print $4 }')"
}

# The locks by the file's number: nothing has to be installed to find who holds one.
lock_holder() {
  for file in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock; do
    [ -e "$file" ] || continue
    holder=$(awk -v inode="$(stat -c %i "$file")" '$6 ~ (":" inode "$") && $2 != "->" { print $5; exit }' /proc/locks)
    [ -n "$holder" ] && cat "/proc/$holder/comm" 2>/dev/null && return
  done
}

look_packages() {
  has apt-get && has dpkg-query && say apt yes
  has dpkg-query || return 0
  say locked_by "$(lock_holder)"
  # Not what \`dpkg --audit\` says besides, which no configuring mends.
  if dpkg-query -W -f '${'$'}{db:Status-Status}\n' | grep -Eq '^(half-|unpacked|triggers-)' ||
    ls /var/lib/dpkg/updates 2>/dev/null | grep -q '^[0-9]'; then
    say interrupted yes
  fi
  say candidate "$(apt-cache policy docker.io 2>/dev/null | awk '$1 == "Candidate:" { print $2 }')"
  grep -rqs --include='*.list' --include='*.sources' '^[^#]*download\.docker\.com' \
    /etc/apt/sources.list /etc/apt/sources.list.d && say knows_dockers yes
}

# Debian's unit takes DOCKER_OPTS from there as well; Docker's own does not.
look_flags() {
  [ -n "$pid" ] && as_root cat "/proc/$pid/cmdline" | tr '\0' '\n'
  unit=DOCKER_OPTS
  [ "$services" = systemd ] && has dockerd && unit=$(systemctl show --property ExecStart docker) && echo "$unit"
  case $unit in *DOCKER_OPTS*) grep '^ *DOCKER_OPTS=' /etc/default/docker ;; esac
}

look_engine() {
  installed=
  if has dpkg-query; then
    installed=$(dpkg-query -W -f '${'$'}{Package} ${'$'}{db:Status-Status}\n' docker.io docker-ce moby-engine podman-docker 2>/dev/null |
      awk '$2 != "not-installed" && $2 != "config-files" { printf "%s ", $1 }')
  fi
  [ -d /snap/docker ] && installed="$installed snap"
  say installed "$installed"
  has dockerd && say dockerd "$(dockerd --version 2>/dev/null)"
  has docker && say client yes
  case $services in
    systemd) systemctl is-enabled --quiet docker 2>/dev/null && say at_boot yes ;;
    sysv) ls /etc/rc2.d 2>/dev/null | grep -q '^S..docker$' && say at_boot yes ;;
  esac
  as_root test -f "$settings_file" && say settings "$(as_root cat "$settings_file" | hex)"
  pid=$(cat /var/run/docker.pid 2>/dev/null)
  [ -n "$pid" ] && [ "$(as_root cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ] && say process yes
  say flags "$(look_flags 2>/dev/null | hex)"
  # What it is in when it starts, also while it does not answer.
  as_root test -s /var/lib/docker/swarm/docker-state.json && say swarm yes
  has docker || return 0
  # systemd would begin one that stands still as soon as it is asked, and a look changes nothing.
  as_root sh -c 'grep -qsx dockerd /proc/[0-9]*/comm' || return 0
  server=$(engine version --format '{{.Server.Version}}') || return 0
  say server "$server"
  # Those that are paused end with the engine as well. Some clients print zeros for an engine that has not answered.
  say containers "$(engine info --format '{{if .ServerVersion}}{{.ContainersRunning}} {{.ContainersPaused}}{{end}}' |
    awk 'NF == 2 { print $1 + $2 }')"
  swarm=$(engine info --format '{{.Swarm.LocalNodeState}}')
  [ -n "$swarm" ] && say swarm "$swarm"
  say live_restore "$(engine info --format '{{.LiveRestoreEnabled}}')"
  engine image inspect "$agent_image" >/dev/null && say agent_image yes
  # Written where an engine runs that takes its new settings when it starts: whoever has started since has taken them.
  [ -e /run/stack-setup.restart ] && [ "$(cat /run/stack-setup.restart)" = "$pid" ] && say awaits_restart yes
}

main() {
  # A login shell's own text may lack its end of line.
  printf '\n%s\n' '${FACTS_BEGIN}'
  look_user
  look_system
  look_packages
  look_engine
  echo '${FACTS_END}'
}
main </dev/null
`;
