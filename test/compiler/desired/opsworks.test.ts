import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { DesiredContainer } from '../../../src/compiler/desired/desired-state.ts';
import { requirements } from '../../../src/compiler/desired/requirements.ts';
import { resolve } from '../../../src/compiler/desired/resolve.ts';
import { SOCKET_HOLE, RELEASE_HOLE } from '../../../src/compiler/desired/desired-state.ts';
import { parse } from '../../../src/compiler/source/parse.ts';
import { SourceFile } from '../../../src/compiler/source/source-file.ts';
import { compile } from '../../../src/compiler/spec/compile.ts';
import { brief, inputs } from '../spec/marked.ts';

// The published example of the old cookbook: it must go through unchanged.
const text = readFileSync(new URL('../../support/opsworks-stack.json.txt', import.meta.url), 'utf8');

function compiled() {
  const document = parse(new SourceFile('opsworks-stack.json', text, 'json'));
  if (!document.ok) throw new Error('it does not parse');
  const result = compile(document.value);
  if (!result.ok) throw new Error(brief(result.diagnostics).join('\n'));
  return result;
}

function resolved() {
  const result = resolve(compiled().value, inputs);
  if (!result.ok) throw new Error(brief(result.diagnostics).join('\n'));
  return result;
}

test('compiles without an error, with the warnings it deserves', () => {
  const latest = 'the image has no tag, which means `latest`: what runs changes whenever somebody pushes';
  expect(brief(compiled().warnings)).toEqual([
    `STK350 26:22 ${latest}`,
    'STK352 42:33 the Rollbar token is empty: nobody is notified',
    `STK350 52:22 ${latest}`,
    `STK350 65:22 ${latest}`,
    'STK358 75:25 the host name is the literal text `opsworks`',
    `STK350 76:22 ${latest}`,
    `STK350 88:22 ${latest}`,
    `STK350 103:22 ${latest}`,
    'STK351 115:7 the credentials for `quay.io` are empty: it is asked anonymously',
  ]);
  expect(brief(resolved().warnings)).toEqual(['STK354 27:13 `app` wants a database, and nothing says which']);
});

test('asks for its images and for the database of the operator', () => {
  const app = 'amazing application';
  expect(requirements(compiled().value)).toEqual({
    images: [
      { reference: 'progrium/logspout:latest', pull: 'auto', containers: [`${app}/logspout`] },
      {
        reference: 'quay.io/mikamai/awesome-app:latest',
        pull: 'auto',
        containers: [`${app}/app`, `${app}/cron`, `${app}/sidekiq`],
      },
      {
        reference: 'quay.io/mikamai/configured-haproxy:latest',
        pull: 'auto',
        containers: [`${app}/haproxy`],
      },
      { reference: 'quay.io/mikamai/configured-nginx:latest', pull: 'auto', containers: [`${app}/nginx`] },
    ],
    builds: [],
    env: [
      'DATABASE_URL',
      'DB_ADAPTER',
      'DB_DATABASE',
      'DB_HOST',
      'DB_PASSWORD',
      'DB_PORT',
      'DB_RECONNECT',
      'DB_USERNAME',
    ],
    secrets: [],
    files: [],
    host: true,
    dataVolumes: [
      { key: `${app}/socks`, name: 'socks' },
      { key: `${app}/static`, name: 'static' },
    ],
  });
});

function line(container: DesiredContainer): string {
  const { name, mode, instances, strategy, template, job, migration } = container;
  const { gate, stop, spec } = template;
  return [
    `${mode} ${name}: ${instances.map((one) => one.engineName).join(' ')}`,
    `${strategy.order} (${strategy.why})`,
    gate.kind === 'http'
      ? `http over ${gate.over === 'socket' ? 'socket' : gate.over.port} ${gate.path} ${gate.limitMs}`
      : `${gate.kind} ${gate.limitMs}`,
    stop.why,
    spec.mounts.map((m) => `${m.source}:${m.target}`).join(' '),
    spec.env.join(' '),
    ...(migration === null ? [] : [`migration ${migration.shown.join(' ')}`]),
    ...(job?.spec.schedule ?? []),
  ].join(' | ');
}

test('becomes what it says', () => {
  const desired = resolved().value;
  expect(desired.stack).toBe('amazing-application');
  expect(desired.networks).toEqual([{ name: 'amazing-application', application: 'amazing application' }]);
  expect(desired.volumes.map(({ name, path, adopted }) => `${name} ${path} ${adopted}`)).toEqual([
    'amazing-application-socks-var-lib-haproxy-socks /var/lib/haproxy/socks false',
    'amazing-application-socks-var-run /var/run false',
    'amazing-application-static-var-static /var/static false',
  ]);
  const socks =
    'amazing-application-socks-var-lib-haproxy-socks:/var/lib/haproxy/socks amazing-application-socks-var-run:/var/run';
  const all = `${socks} amazing-application-static-var-static:/var/static`;
  const side = 'two generations can live side by side';
  const term = 'TERM, unless the image says otherwise';
  expect(desired.containers.map(line)).toEqual([
    `auto app: amazing-application-app0 amazing-application-app1 | start-first (each generation has its own socket) | http over socket / 60000 | QUIT: unicorn stops gracefully on it | ${all} | RANDOM_VAR RELEASE_TAG | migration bundle exec rake db:migrate`,
    `auto sidekiq: amazing-application-sidekiq0 | start-first (${side}) | engine 60000 | ${term} |  | RANDOM_VAR RELEASE_TAG`,
    `manual haproxy: amazing-application-haproxy0 | start-first (${side}) | engine 60000 | ${term} | ${socks} | RELEASE_TAG REMOTE_SYSLOG`,
    `manual nginx: amazing-application-nginx0 | stop-first (it publishes port 80 of the host) | engine 60000 | ${term} | ${all} | RELEASE_TAG`,
    `manual logspout: amazing-application-logspout0 | start-first (${side}) | engine 60000 | ${term} | /var/run/docker.sock:/tmp/docker.sock | RELEASE_TAG`,
    `cron cron: amazing-application-cron0 | start-first (${side}) | engine 60000 | ${term} |  | RANDOM_VAR RELEASE_TAG | 59 * * * *`,
  ]);
  expect(desired.containers[0]?.migrationGates).toEqual(['amazing application/sidekiq']);
});

const mount = (volume: string, target: string, dataVolume: string) => ({
  type: 'volume',
  source: `amazing-application-${volume}`,
  target,
  readOnly: false,
  noCopy: true,
  relabel: null,
  dataVolume,
});

test('an instance of it, to the last field', () => {
  const app1 = resolved().value.containers[0]?.instances[1];
  expect(app1).toEqual({
    key: 'amazing application/app1',
    adopt: null,
    name: 'app1',
    index: 1,
    engineName: 'amazing-application-app1',
    spec: {
      version: 1,
      image: 'quay.io/mikamai/awesome-app:latest',
      command: ['bundle', 'exec', 'unicorn', '-c', 'config/unicorn.rb', '-l', '%{socket}'],
      entrypoint: ['/app/bin/entrypoint.sh'],
      env: ['RANDOM_VAR', 'RELEASE_TAG'],
      maskedEnv: [],
      user: null,
      workingDir: null,
      hostname: null,
      mounts: [
        mount('socks-var-lib-haproxy-socks', '/var/lib/haproxy/socks', 'socks'),
        mount('socks-var-run', '/var/run', 'socks'),
        mount('static-var-static', '/var/static', 'static'),
      ],
      ports: [],
      network: 'stack',
      networks: [],
      links: [],
      restart: { name: 'unless-stopped', maxRetries: 0 },
      stopSignal: null,
      socket: '/var/lib/haproxy/socks/app1.sock',
      memory: null,
      cpus: null,
      readOnly: false,
      tmpfs: {},
      capAdd: [],
      capDrop: [],
      init: null,
      ulimits: [],
      shmSize: null,
      sysctls: {},
      devices: [],
      securityOpt: [],
      extraHosts: [],
      labels: {},
      platform: null,
      files: [],
    },
    command: ['bundle', 'exec', 'unicorn', '-c', 'config/unicorn.rb', '-l', SOCKET_HOLE],
    entrypoint: ['/app/bin/entrypoint.sh'],
    env: [
      { name: 'RANDOM_VAR', value: 'foo', masked: false, tracked: true },
      { name: 'RELEASE_TAG', value: RELEASE_HOLE, masked: false, tracked: false },
    ],
    hostname: 'app1.web1',
    stopSignal: 'SIGQUIT',
    log: { driver: null, options: { 'max-file': '7', 'max-size': '10m' } },
    gate: {
      kind: 'http',
      over: 'socket',
      path: '/',
      status: [[100, 499]],
      timeoutMs: 2000,
      intervalMs: 50,
      limitMs: 60_000,
    },
    port: null,
    stop: {
      drainS: 30,
      signal: 'SIGQUIT',
      quietSignal: null,
      timeoutS: 30,
      why: 'QUIT: unicorn stops gracefully on it',
    },
    socket: {
      published: '/var/lib/haproxy/socks/app1.sock',
      directory: '/var/lib/haproxy/socks',
      volume: 'amazing-application-socks-var-lib-haproxy-socks',
      volumePath: '',
      inferred: true,
      movable: true,
    },
    files: [],
  });
});
