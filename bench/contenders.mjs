// Ways to replace two instances of unicorn behind haproxy, for `ways.mjs`.
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ROOT } from '../scripts/install.mjs';
import { answers, BALANCER, IMAGE, SOCKETS, Stage } from './stage.mjs';

const run = promisify(execFile);
const docker = (/** @type {readonly string[]} */ ...args) => run('docker', args);
const NAME = 'bench-ways';
const PORT = 18_182;
const INSTANCES = [0, 1];
/** What the cookbook slept before it touched the next instance, in milliseconds. */
const STARTUP_MS = 2000;

/**
 * @typedef {object} Way
 * @property {string} name
 * @property {string} balancer the container of haproxy
 * @property {string} url
 * @property {(generation: number) => Promise<void>} up everything there for the first time
 * @property {(generation: number) => Promise<void>} deploy both instances replaced
 * @property {() => Promise<void>} down
 */

/** @returns {Way} */
export function stackApply() {
  const stage = new Stage(NAME, PORT);
  const apply = async () => {
    stage.next({ instances: INSTANCES.length });
    await run(process.execPath, [join(ROOT, 'dist/stack.cjs'), 'apply', stage.file, '--yes']);
  };
  return {
    name: '`stack apply`',
    balancer: `${NAME}-load-haproxy0`,
    url: stage.url,
    up: apply,
    deploy: apply,
    down: async () => stage.close(),
  };
}

/**
 * The file is changed, and what changed is recreated: stopped, removed, made, started.
 * @param {readonly string[]} compose the command
 * @returns {Way}
 */
export function composeRecreate(compose) {
  const project = new Project(compose, 'haproxy.cfg');
  const up = async (/** @type {number} */ generation) => {
    const services = INSTANCES.map((i) => [`app${i}`, project.app(generation, `${SOCKETS}/app${i}.sock`)]);
    await project.up(Object.fromEntries(services));
  };
  return { name: '`docker compose up`, recreate', ...project.way, up, deploy: up };
}

/**
 * As docker-rollout does it: scaled to twice as many, and the old ones stopped and removed once the new are healthy.
 * @param {readonly string[]} compose the command
 * @returns {Way}
 */
export function rollout(compose) {
  const project = new Project(compose, 'balancer-by-name.cfg');
  const check = "import urllib.request as u; u.urlopen('http://127.0.0.1:3000/ping', timeout=1)";
  const service = (/** @type {number} */ generation) => ({
    ...project.app(generation, '0.0.0.0:3000'),
    healthcheck: { test: ['CMD', 'python3', '-c', check], interval: '1s' },
  });
  const scaled = (/** @type {number} */ count) => ['--no-recreate', '--scale', `app=${count}`];
  return {
    name: 'docker-rollout’s way',
    ...project.way,
    up: (generation) => project.up({ app: service(generation) }, scaled(INSTANCES.length)),
    deploy: async (generation) => {
      const old = await project.ids('app');
      await project.up({ app: service(generation) }, ['--no-deps', ...scaled(2 * INSTANCES.length), 'app']);
      const fresh = (await project.ids('app')).filter((id) => !old.includes(id));
      await until(async () => {
        const { stdout } = await docker('inspect', '-f', '{{.State.Health.Status}}', ...fresh);
        return stdout.split('\n').filter((status) => status === 'healthy').length === fresh.length;
      });
      await docker('stop', ...old);
      await docker('rm', ...old);
    },
  };
}

/**
 * `docker service update`, start-first. The engine is a swarm of its own meanwhile.
 * @returns {Way}
 */
export function serviceUpdate() {
  const front = `${NAME}-haproxy`;
  return {
    name: '`docker service update`, start-first',
    balancer: front,
    url: `http://127.0.0.1:${PORT}`,
    up: async (generation) => {
      await docker('swarm', 'init', '--advertise-addr', '127.0.0.1');
      await docker('network', 'create', '-d', 'overlay', '--attachable', NAME);
      const env = Object.entries(environment(generation)).flatMap(([key, value]) => [
        '-e',
        `${key}=${value}`,
      ]);
      const check = `python3 -c "import urllib.request as u; u.urlopen('http://127.0.0.1:3000/ping', timeout=1)"`;
      const health = ['--health-cmd', check, '--health-interval', '1s'];
      const how = ['--update-order', 'start-first', '--endpoint-mode', 'dnsrr', '--stop-signal', 'QUIT'];
      const mount = ['--mount', `type=volume,source=${NAME}-counted,target=/var/counted`];
      const replicas = ['--replicas', String(INSTANCES.length), '--network', `name=${NAME},alias=app`];
      const name = ['--no-resolve-image', '--name', `${NAME}-app`];
      await docker(
        'service',
        'create',
        ...name,
        ...replicas,
        ...how,
        ...health,
        ...mount,
        ...env,
        IMAGE,
        ...listening(),
      );
      await docker('run', '-d', '--name', front, '--network', NAME, ...balancer('balancer-by-name.cfg'));
    },
    deploy: async (generation) => {
      await docker(
        'service',
        'update',
        '--no-resolve-image',
        '--env-add',
        `GENERATION=${generation}`,
        `${NAME}-app`,
      );
    },
    down: async () => {
      await docker('rm', '-fv', front).catch(() => {});
      await docker('service', 'rm', `${NAME}-app`).catch(() => {});
      await docker('swarm', 'leave', '--force').catch(() => {});
      await until(() =>
        docker('volume', 'rm', '-f', `${NAME}-counted`).then(
          () => true,
          () => false,
        ),
      );
    },
  };
}

/**
 * As the cookbook did it: killed, removed, run anew, and some seconds of sleep.
 * @returns {Way}
 */
export function cookbook() {
  const start = (/** @type {number} */ i, /** @type {number} */ generation) =>
    docker(
      'run',
      '-d',
      '--name',
      `${NAME}-app${i}`,
      ...application(generation),
      IMAGE,
      'unicorn',
      `${SOCKETS}/app${i}.sock`,
    );
  return {
    name: 'the cookbook’s way',
    ...byHand(),
    up: async (generation) => {
      for (const i of INSTANCES) await start(i, generation);
      await docker('run', '-d', '--name', `${NAME}-haproxy`, ...balancer('haproxy.cfg'));
    },
    deploy: async (generation) => {
      for (const i of INSTANCES) {
        if (i > 0) await sleep(STARTUP_MS);
        await docker('kill', `${NAME}-app${i}`);
        await docker('rm', `${NAME}-app${i}`);
        await start(i, generation);
      }
      await sleep(STARTUP_MS);
    },
  };
}

/**
 * As the Capistrano script did it: the new one started, healthy, the old one stopped, the name taken over. Behind a
 * balancer that finds by name what runs.
 * @returns {Way}
 */
export function capistrano() {
  const start = (/** @type {string} */ name, /** @type {number} */ generation) =>
    docker(
      'run',
      '-d',
      '--name',
      name,
      '--network',
      NAME,
      '--network-alias',
      'app',
      ...application(generation),
      IMAGE,
      ...listening(),
    );
  const isHealthy = async (/** @type {string} */ name) => {
    const { stdout } = await docker(
      'inspect',
      '-f',
      '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
      name,
    );
    return answers({ host: stdout.trim(), port: 3000 });
  };
  return {
    name: 'the Capistrano script’s way',
    ...byHand(),
    up: async (generation) => {
      await docker('network', 'create', NAME);
      for (const i of INSTANCES) await start(`${NAME}-app${i}`, generation);
      await docker(
        'run',
        '-d',
        '--name',
        `${NAME}-haproxy`,
        '--network',
        NAME,
        ...balancer('balancer-by-name.cfg'),
      );
    },
    deploy: async (generation) => {
      for (const i of INSTANCES) {
        const [old, fresh] = [`${NAME}-app${i}`, `${NAME}-app${i}-next`];
        await start(fresh, generation);
        await until(() => isHealthy(fresh));
        await docker('stop', old);
        await docker('rm', old);
        await docker('rename', fresh, old);
      }
    },
  };
}

/** A Compose project of some application services and haproxy. */
class Project {
  /**
   * @param {readonly string[]} compose
   * @param {string} config of haproxy
   */
  constructor([program = '', ...args], config) {
    this.folder = mkdtempSync(join(tmpdir(), 'stackc-bench-'));
    this.file = join(this.folder, 'compose.json');
    this.program = program;
    this.args = [...args, '-p', NAME, '-f', this.file];
    this.config = join(this.folder, config);
    copyFileSync(join(ROOT, 'bench', config), this.config);
    this.way = {
      balancer: `${NAME}-haproxy`,
      url: `http://127.0.0.1:${PORT}`,
      down: async () => {
        await run(program, [...this.args, 'down', '-v', '-t', '0']);
        rmSync(this.folder, { recursive: true });
      },
    };
  }

  /**
   * @param {number} generation
   * @param {string} address
   */
  app(generation, address) {
    return {
      image: IMAGE,
      command: ['unicorn', address],
      environment: environment(generation),
      stop_signal: 'QUIT',
      volumes: [`socks:${SOCKETS}`, 'counted:/var/counted'],
    };
  }

  /**
   * @param {object} services
   * @param {readonly string[]} how
   */
  async up(services, how = []) {
    const haproxy = {
      image: BALANCER,
      container_name: `${NAME}-haproxy`,
      ports: [`127.0.0.1:${PORT}:8080`],
      volumes: [`socks:${SOCKETS}`, 'counted:/var/counted', `${this.config}:/etc/haproxy/haproxy.cfg:ro`],
    };
    const volumes = { socks: {}, counted: {} };
    writeFileSync(this.file, JSON.stringify({ services: { ...services, haproxy }, volumes }));
    await run(this.program, [...this.args, 'up', '-d', ...how]);
  }

  /**
   * @param {string} service
   * @returns {Promise<readonly string[]>}
   */
  async ids(service) {
    const { stdout } = await run(this.program, [...this.args, 'ps', '-q', service]);
    return stdout.trim().split('\n');
  }
}

/** What the ways by `docker run` share. */
function byHand() {
  return {
    balancer: `${NAME}-haproxy`,
    url: `http://127.0.0.1:${PORT}`,
    down: async () => {
      const names = [
        ...INSTANCES.flatMap((i) => [`${NAME}-app${i}`, `${NAME}-app${i}-next`]),
        `${NAME}-haproxy`,
      ];
      await docker('rm', '-fv', ...names).catch(() => {});
      await docker('network', 'rm', NAME).catch(() => {});
      await docker('volume', 'rm', '-f', `${NAME}-socks`, `${NAME}-counted`);
    },
  };
}

/** @param {number} generation */
function environment(generation) {
  return { GENERATION: String(generation) };
}

/** @returns {readonly string[]} */
function listening() {
  return ['unicorn', '0.0.0.0:3000'];
}

/**
 * @param {number} generation
 * @returns {readonly string[]}
 */
function application(generation) {
  const volumes = ['-v', `${NAME}-socks:${SOCKETS}`, '-v', `${NAME}-counted:/var/counted`];
  return ['--stop-signal', 'QUIT', '-e', `GENERATION=${generation}`, ...volumes];
}

/**
 * @param {string} config
 * @returns {readonly string[]}
 */
function balancer(config) {
  const volumes = ['-v', `${NAME}-socks:${SOCKETS}`, '-v', `${NAME}-counted:/var/counted`];
  const file = ['-v', `${join(ROOT, 'bench', config)}:/etc/haproxy/haproxy.cfg:ro`];
  return ['-p', `127.0.0.1:${PORT}:8080`, ...volumes, ...file, BALANCER];
}

/**
 * @param {() => Promise<boolean>} isSo asked every 50 ms for a minute
 * @returns {Promise<void>}
 */
export async function until(isSo) {
  for (let asked = 0; asked < 1200; asked++) {
    if (await isSo()) return;
    await sleep(50);
  }
  throw new Error('waited a minute in vain');
}
