import { SETTINGS_FILE } from '../../compiler/setup/engine-settings.ts';
import type { MachineFacts } from '../../compiler/setup/machine-facts.ts';
import type { SetupStep } from '../../compiler/setup/setup-plan.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import { shellWord } from './shell-word.ts';

/** A step that a script on the machine does. */
export type MachineStep = Exclude<SetupStep, { readonly kind: 'build agent image' }>;

/** How a script says that it waits for somebody else: what follows is who. */
export const WAITING = '@waiting ';

/** The longest that a step waits for whoever holds the lock of apt or dpkg. */
const LOCK_WAIT_S = 600;

/**
 * The script of a step, for a POSIX shell of root. Each may be cut off anywhere and be run again: files are written beside
 * their places and renamed, and packages are finished by the next run.
 */
export function stepScript(step: MachineStep, services: MachineFacts['system']['services']): string {
  const head = [`services=${services}`, `settings_file=${SETTINGS_FILE}`, `lock_wait=${LOCK_WAIT_S}`, COMMON];
  return [...head, bodyOf(step), 'main </dev/null', ''].join('\n');
}

function bodyOf(step: MachineStep): string {
  switch (step.kind) {
    case 'finish packages':
      return FINISH;
    case 'write settings':
      return [
        `content=${shellWord(step.text)}`,
        `before=${shellWord(step.before ?? '')}`,
        `takes_restart=${step.takesRestart ? 'yes' : 'no'}`,
        WRITE,
      ].join('\n');
    case 'add repository':
      return [
        `distribution=${shellWord(step.distribution)}`,
        `codename=${shellWord(step.codename)}`,
        REPOSITORY,
      ].join('\n');
    case 'install':
      return [
        `packages=${shellWord(step.packages.join(' '))}`,
        `where_apart=${shellWord(step.whereApart ?? '')}`,
        INSTALL,
      ].join('\n');
    case 'start':
      return START;
    case 'reload':
      return RELOAD;
    case 'restart':
      return [`told=${step.containers}`, `live_restore=${step.liveRestore ? 'yes' : 'no'}`, RESTART].join(
        '\n',
      );
    case 'enable':
      return ENABLE;
    case 'join group':
      return [`user=${shellWord(step.user)}`, JOIN].join('\n');
    default:
      return unreachable(step);
  }
}

const COMMON = String.raw`
# Other services are not restarted for it, and nobody is asked.
export LC_ALL=C DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# The machine's own engine, whatever root's context says.
export DOCKER_HOST=unix:///var/run/docker.sock
unset DOCKER_CONTEXT
umask 022
waited=0

fail() { printf '%s\n' "$*" >&2; exit 1; }

# Whoever holds a lock of apt or dpkg, mostly unattended-upgrades, is waited for.
with_lock() {
  while :; do
    "$@" >"$said" 2>&1 && { cat "$said"; return 0; }
    code=$?
    # A disk that is read-only has no lock either, and never will.
    if grep -q 'Read-only file system' "$said" ||
      ! grep -Eq 'Could not get lock|Unable to (lock|acquire)|locked by another process' "$said"; then
      cat "$said" >&2
      return "$code"
    fi
    pid=$(sed -n 's/.*held by process \([0-9]*\).*/\1/p; s/.*process with pid \([0-9]*\).*/\1/p' "$said" | head -n 1)
    holder=$([ -z "$pid" ] || echo "$(cat "/proc/$pid/comm" 2>/dev/null) (process $pid)")
    [ "$waited" -lt "$lock_wait" ] ||
      fail "the package manager is still held by ${'$'}{holder:-another program} after $lock_wait s"
    [ $((waited % 30)) -eq 0 ] && echo "${WAITING}${'$'}{holder:-another program}"
    sleep 3
    waited=$((waited + 3))
  done
}

# Nothing is removed: what is in the way may be what somebody else's containers run by.
apt() { with_lock apt-get -q -y -o APT::Get::Remove=false -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"; }

engine_answers() {
  tries=0
  gone=0
  until docker version --format '{{.Server.Version}}' >/dev/null 2>&1; do
    tries=$((tries + 1))
    # systemd has told by itself that it did not start.
    if [ "$services" = sysv ] && ! kill -0 "$(cat /var/run/docker-ssd.pid 2>/dev/null)" 2>/dev/null; then
      gone=$((gone + 1))
    fi
    [ "$tries" -lt 60 ] && [ "$gone" -lt 3 ] || return 1
    sleep 1
  done
}

engine_says() {
  if [ "$services" = systemd ]; then journalctl -u docker -n 15 --no-pager; else tail -n 15 /var/log/docker.log; fi >&2
}

# Nobody may be there any more to hear it: a script that cannot write would end between a stop and a start.
heard() {
  code=0
  "$@" >"$said" 2>&1 || code=$?
  cat "$said"
  return "$code"
}

service_do() {
  if [ "$services" = systemd ]; then heard systemctl "$1" docker; else heard service docker "$1"; fi
}

# The script of its own takes \`ps\`, which need not be there.
restart_engine() {
  if [ "$services" = systemd ]; then heard systemctl restart docker; else heard service docker stop; heard service docker start; fi
}

said=$(mktemp) || fail 'no temporary file can be made: is the disk full?'
trap 'rm -f "$said"' EXIT
`;

const FINISH = `
main() {
  with_lock dpkg --configure -a --force-confdef --force-confold || exit 1
  apt -f install
}`;

const WRITE = String.raw`
main() {
  # Where it is a link, what it points to is written.
  target=$(readlink -f "$settings_file") || target=$settings_file
  found=$(cat "$target" 2>/dev/null)
  [ "$found" = "$(printf '%s' "$before")" ] || fail "$settings_file was changed since it was looked at"
  install -d -m 0755 "${'$'}{target%/*}"
  temporary=$(mktemp "$target.XXXXXX") || exit 1
  trap 'rm -f "$said" "$temporary"' EXIT
  printf '%s' "$content" >"$temporary" && sync "$temporary" || exit 1
  if [ -e "$target" ]; then
    chmod --reference="$target" "$temporary" && chown --reference="$target" "$temporary"
  else
    chmod 0644 "$temporary"
  fi
  if command -v dockerd >/dev/null 2>&1 && dockerd --help 2>&1 | grep -q -e --validate; then
    dockerd --validate --config-file "$temporary" || fail 'dockerd does not take these settings; the file is as it was'
  fi
  rm -f "$target.before-stack-setup"
  [ ! -e "$target" ] || cp -p "$target" "$target.before-stack-setup" || exit 1
  if [ "$takes_restart" = yes ]; then cat /var/run/docker.pid >/run/stack-setup.restart; fi
  mv -f "$temporary" "$target"
}`;

// As https://docs.docker.com/engine/install/debian/ says.
const REPOSITORY = String.raw`
main() {
  apt update && apt install ca-certificates curl || exit 1
  install -d -m 0755 /etc/apt/keyrings
  key=$(mktemp /etc/apt/keyrings/docker.XXXXXX) && list=$(mktemp /etc/apt/docker.list.XXXXXX) || exit 1
  trap 'rm -f "$said" "$key" "$list"' EXIT
  curl -fsSL --retry 3 --max-time 60 "https://download.docker.com/linux/$distribution/gpg" -o "$key" ||
    fail "Docker's key cannot be fetched from download.docker.com"
  grep -q 'BEGIN PGP PUBLIC KEY BLOCK' "$key" || fail 'what download.docker.com sent is no key'
  printf 'deb [arch=%s signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/%s %s stable\n' \
    "$(dpkg --print-architecture)" "$distribution" "$codename" >"$list"
  chmod 0644 "$key" "$list"
  mv -f "$key" /etc/apt/keyrings/docker.asc && mv -f "$list" /etc/apt/sources.list.d/docker.list
}`;

const INSTALL = String.raw`
main() {
  # A source of somebody else's may be out of reach: the installation says whether that matters.
  apt update || echo 'the lists of packages could not all be fetched' >&2
  if [ -n "$where_apart" ] && apt-cache show --no-all-versions "$where_apart" 2>/dev/null | grep -q "^Package: $where_apart"; then
    packages="$packages $where_apart"
  fi
  # Words of our own, to be split.
  apt install $packages && return 0
  ! grep -q 'remove is disabled' "$said" ||
    fail 'packages that are there would have to go, which the lines above name: remove them by hand where nothing runs by them'
  exit 1
}`;

const START = `
main() {
  service_do start || { engine_says; exit 1; }
  engine_answers || { engine_says; fail 'the engine does not answer'; }
}`;

const RELOAD = `
main() {
  kill -HUP "$(cat /var/run/docker.pid)" || exit 1
  tries=0
  until [ "$(docker info --format '{{.LiveRestoreEnabled}}' 2>/dev/null)" = true ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 30 ] || { engine_says; fail "the engine did not take its new settings, and may not start with them: $settings_file.before-stack-setup is what was there"; }
    sleep 1
  done
}`;

const RESTART = String.raw`
main() {
  # What was shown is what happens: of containers that run only since then nobody was told.
  set -- $(docker info --format '{{if .ServerVersion}}{{.ContainersRunning}} {{.ContainersPaused}} {{.LiveRestoreEnabled}}{{end}}')
  [ $# -eq 3 ] || fail 'the engine does not answer, so it was not restarted'
  now=$(($1 + $2))
  if [ "$now" -gt 0 ] && [ "$3" != true ] && { [ "$told" -eq 0 ] || [ "$live_restore" = yes ]; }; then
    fail "the engine was not restarted: $now containers would stop, which was not shown before"
  fi
  if restart_engine && engine_answers; then
    rm -f /run/stack-setup.restart
    return 0
  fi
  engine_says
  target=$(readlink -f "$settings_file")
  cp -p "$target" "$target.failed"
  if [ -e "$target.before-stack-setup" ]; then mv -f "$target.before-stack-setup" "$target"; else rm -f "$target"; fi
  [ "$services" != systemd ] || systemctl reset-failed docker
  service_do start
  engine_answers || fail "the engine starts neither with its new settings ($target.failed) nor with the old ones"
  rm -f /run/stack-setup.restart
  fail "the engine did not start with its new settings ($target.failed); it runs with the old ones"
}`;

const ENABLE = `
main() {
  if [ "$services" = systemd ]; then systemctl enable docker; else update-rc.d docker defaults; fi
}`;

const JOIN = `
main() {
  groupadd -f docker && gpasswd -a "$user" docker
}`;
