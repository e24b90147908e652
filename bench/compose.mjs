import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * @typedef {object} Compose
 * @property {readonly string[]} command as a person types it: docker's own program, which starts the plugin
 * @property {readonly string[]} plugin the plugin alone
 * @property {string} version
 */

/**
 * Docker Compose v2: the one that is installed, else unpacked from the package of Debian's next release into a
 * folder of its own; nothing on the machine is changed.
 * @returns {Compose | null} null when there is none to be had
 */
export function ensureCompose() {
  return installed(['docker']) ?? unpacked();
}

/**
 * @param {readonly string[]} docker
 * @returns {Compose | null}
 */
function installed(docker) {
  try {
    const version = told([...docker, 'compose', 'version', '--short']);
    const path = '{{range .ClientInfo.Plugins}}{{if eq .Name "compose"}}{{.Path}}{{end}}{{end}}';
    return {
      command: [...docker, 'compose'],
      plugin: [told([...docker, 'info', '--format', path])],
      version,
    };
  } catch {
    return null;
  }
}

/**
 * @param {readonly string[]} command
 * @returns {string}
 */
function told([file = '', ...args]) {
  return execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

/** @returns {string} where this machine gets Debian's packages from */
function debianMirror() {
  const sites = execFileSync('apt-get', ['indextargets', '--format', '$(SITE)', 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  const mirror = sites.split('\n').find((site) => /\/debian\/?$/.test(site));
  if (mirror === undefined) throw new Error('no mirror of Debian');
  return mirror;
}

/** @returns {Compose | null} */
function unpacked() {
  const folder = join(tmpdir(), 'stackc-bench-compose');
  const program = join(folder, 'root/usr/libexec/docker/cli-plugins/docker-compose');
  try {
    if (!existsSync(program)) {
      for (const part of ['lists/partial', 'cache/archives/partial', 'root'])
        mkdirSync(join(folder, part), { recursive: true });
      writeFileSync(join(folder, 'sources.list'), `deb ${debianMirror()} trixie main\n`);
      writeFileSync(join(folder, 'status'), '');
      const options = [
        `Dir::Etc::sourcelist=${folder}/sources.list`,
        'Dir::Etc::sourceparts=/dev/null',
        `Dir::State::lists=${folder}/lists`,
        `Dir::State::status=${folder}/status`,
        `Dir::Cache=${folder}/cache`,
      ].flatMap((option) => ['-o', option]);
      const quiet = { cwd: folder, stdio: /** @type {const} */ ('ignore') };
      execFileSync('apt-get', [...options, 'update'], quiet);
      execFileSync('apt-get', [...options, 'download', 'docker-compose'], quiet);
      const archive = readdirSync(folder).find((name) => name.endsWith('.deb')) ?? '';
      execFileSync('dpkg-deb', ['-x', archive, 'root'], quiet);
    }
    const plugins = join(folder, 'config/cli-plugins');
    mkdirSync(plugins, { recursive: true });
    const plugin = join(plugins, 'docker-compose');
    if (!existsSync(plugin)) symlinkSync(program, plugin);
    return installed(['docker', '--config', join(folder, 'config')]);
  } catch {
    return null;
  }
}
