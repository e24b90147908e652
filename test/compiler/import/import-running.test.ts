import { describe, expect, it } from 'vitest';

import {
  importRunning,
  type ImportOptions,
  type ImportedStack,
} from '../../../src/compiler/import/import-running.ts';
import { renderYaml } from '../../../src/compiler/import/render-file.ts';
import type { RunningContainer, RunningFacts } from '../../../src/compiler/import/running.ts';
import { container, env, facts, volume } from './facts.ts';

function imported(engine: RunningFacts, options: Partial<ImportOptions> = {}): ImportedStack {
  const result = importRunning(engine, { names: [], stack: null, ...options });
  if (result.kind !== 'stack') throw new Error(JSON.stringify(result));
  return result;
}

/** What stands under `deploy`, less its indent. */
function deploy(...containers: readonly RunningContainer[]): string {
  const yaml = renderYaml(imported(facts(...containers), { stack: 'shop' }));
  return yaml.slice(yaml.indexOf('deploy:\n') + 'deploy:\n'.length).replace(/^ {2}/gm, '');
}

const compose = (project: string, service: string, number: number) => ({
  'com.docker.compose.project': project,
  'com.docker.compose.service': service,
  'com.docker.compose.container-number': String(number),
});

const HASH = 'd'.repeat(64);
const NO = { name: 'no', maxRetries: 0 } as const;

describe('what differs', () => {
  it('writes nothing that the image or the engine says', () => {
    expect(deploy(container('app0'))).toMatchInlineSnapshot(`
      "shop:
        containers:
          # nothing says when it is ready: add \`health: {path: /…}\` or \`health: {command: …}\`
          app:
            deploy: auto
            image: shop:1
      "
    `);
  });

  it('writes words, variables, limits and ports that are its own', () => {
    const one = container('app0', {
      ...env('GREETING=50%{off}', 'EMPTY=', 'RELEASE_TAG=abc'),
      command: ['serve', '--title', 'two words'],
      user: 'www-data',
      hostname: 'app0.box',
      restart: { name: 'on-failure', maxRetries: 3 },
      stopSignal: 'SIGQUIT',
      stopTimeoutS: 5,
      ports: [8000, 8001, 8002, 9000]
        .map((port) => ({ containerPort: port, hostPort: port, hostIp: null, protocol: 'tcp' as const }))
        .concat([{ containerPort: 53, hostPort: 53, hostIp: '::1' as never, protocol: 'udp' as never }]),
      mounts: [
        { ...volume('/etc/shop', '/config'), type: 'bind', readOnly: true, relabel: 'private' },
        volume('uploads', '/up'),
      ],
      log: { driver: 'syslog', options: { 'max-size': '10m', tag: 'shop', 'splunk-token': 'x' } },
      memory: 512 * 1024 * 1024,
      cpus: 0.5,
      readOnly: true,
      init: true,
      tmpfs: { '/tmp': 'size=64m' },
      capAdd: ['CAP_NET_ADMIN'],
      ulimits: [{ name: 'nofile', soft: 1024, hard: 2048 }],
      devices: [{ host: '/dev/fuse', container: '/dev/fuse', permissions: 'rwm' }],
      extraHosts: ['legacy:10.0.0.5'],
      labels: { maintainer: 'us', team: 'web' },
      foreignOptions: ['--privileged'],
    });
    expect(deploy(one, container('other', { mounts: [volume('uploads', '/up')] }))).toMatchInlineSnapshot(`
      "shop:
        containers:
          # \`--privileged\` cannot be said in a stack file
          # nothing says when it is ready: add \`health: {path: /…}\` or \`health: {command: …}\`
          app:
            deploy: auto
            image: shop:1
            command: [serve, --title, two words]
            # RELEASE_TAG is set by stackc
            env:
              EMPTY: ""
              GREETING: 50%%{off}
            volumes: ["/etc/shop:/config:ro,Z", uploads:/up]
            ports: [8000-8002:8000-8002, 9000:9000, "[::1]:53:53/udp"]
            labels:
              team: web
            user: www-data
            restart: on-failure:3
            stop_signal: QUIT
            stop_timeout: 5
            memory: 512m
            cpus: 0.5
            read_only: true
            init: true
            tmpfs:
              /tmp: size=64m
            cap_add: [NET_ADMIN]
            ulimits:
              nofile:
                soft: 1024
                hard: 2048
            devices: [/dev/fuse]
            extra_hosts: [legacy:10.0.0.5]
            # the log option \`splunk-token\` is left out: it can be read by everybody, and it may hold a secret
            log:
              driver: syslog
              max-size: 10m
              options:
                tag: shop
          # nothing says when it is ready: add \`health: {path: /…}\` or \`health: {command: …}\`
          other:
            deploy: auto
            adopt: other
            image: shop:1
            volumes: [uploads:/up]
      "
    `);
  });

  it('takes no host name from the container whose network it shares', () => {
    const one = container('app0', { networkMode: 'container:abc', hostname: 'ffffffffffff' });
    expect(deploy(one)).not.toContain('hostname');
  });

  it("writes the image's entrypoint where it took the command away", () => {
    expect(deploy(container('app0', { command: [] }))).toMatchInlineSnapshot(`
      "shop:
        containers:
          # nothing says when it is ready: add \`health: {path: /…}\` or \`health: {command: …}\`
          app:
            deploy: auto
            image: shop:1
            # the image's own; written so that the image's command is not added
            entrypoint: /entrypoint.sh
      "
    `);
  });

  it('asks the health check of its own before it counts as ready', () => {
    const health = {
      test: ['CMD-SHELL', 'curl -f localhost'],
      intervalMs: 10_000,
      timeoutMs: 3000,
      startPeriodMs: 5000,
      retries: 0,
    };
    expect(deploy(container('app0', { health }))).toMatchInlineSnapshot(`
      "shop:
        containers:
          app:
            deploy: auto
            image: shop:1
            # asked until it is ready; the engine's own check while it runs is an image's HEALTHCHECK
            health:
              command: [sh, -c, curl -f localhost]
              timeout: 3s
            # as long as its health check allowed
            startup_time: 35s
      "
    `);
  });
});

describe('instances', () => {
  const app = (index: number, more: Partial<RunningContainer> = {}) =>
    container(`app${index}`, {
      ...env(`INSTANCE=app${index}`, 'MODE=web'),
      command: ['unicorn', '-l', `/socks/app${index}.sock`],
      ports: [{ containerPort: 80, hostPort: 8080 + index, hostIp: null, protocol: 'tcp' }],
      restart: NO,
      ...more,
    });

  it('makes one container of those that differ by their index', () => {
    expect(deploy(app(1), app(0), app(2))).toMatchInlineSnapshot(`
      "shop:
        containers:
          app:
            deploy: auto
            image: shop:1
            containers: 3
            command: unicorn -l /socks/%{app_name}.sock
            env:
              INSTANCE: "%{app_name}"
              MODE: web
            ports: ["808%{index}:80"]
            restart: "no"
      "
    `);
  });

  it('keeps apart what differs otherwise, and says in what', () => {
    expect(
      deploy(app(0), app(1, { env: ['MODE=job'], memory: 1024 }), app(2, { ports: [] })),
    ).toMatchInlineSnapshot(`
      "shop:
        containers:
          app:
            deploy: auto
            image: shop:1
            command: unicorn -l /socks/%{app_name}.sock
            env:
              INSTANCE: app0
              MODE: web
            ports: [8080:80]
            restart: "no"
          # \`app1\` is not one of \`app\`: it differs from \`app0\` in env INSTANCE, env MODE, memory
          # nothing says when it is ready: add \`health: {path: /…}\` or \`health: {command: …}\`
          app1:
            deploy: auto
            adopt: app1
            image: shop:1
            command: unicorn -l /socks/app1.sock
            env:
              MODE: job
            ports: [8081:80]
            restart: "no"
            memory: 1k
          # \`app2\` is not one of \`app\`: it differs from \`app0\` in ports
          # nothing says when it is ready: add \`health: {path: /…}\` or \`health: {command: …}\`
          app2:
            deploy: auto
            adopt: app2
            image: shop:1
            command: unicorn -l /socks/app2.sock
            env:
              INSTANCE: app2
              MODE: web
            restart: "no"
      "
    `);
  });

  it('makes an application of a Compose project, and one container of a service', () => {
    const web = (number: number) =>
      container(`shop_web_${number}`, {
        labels: {
          ...compose('shop', 'web', number),
          'com.docker.compose.depends_on': 'db:service_healthy:false',
        },
        networkMode: 'shop_default',
        networks: [{ name: 'shop_default', aliases: ['web'] }],
        ...env('CACHE=redis://cache:6379/0'),
      });
    const other = (service: string) =>
      container(`shop_${service}_1`, {
        labels: compose('shop', service, 1),
        networks: [{ name: 'shop_default', aliases: [service] }],
        networkMode: 'shop_default',
      });
    expect(deploy(web(2), web(1), other('db'), other('cache'))).toMatchInlineSnapshot(`
      "shop:
        containers:
          # nothing says when it is ready: add \`health: {path: /…}\` or \`health: {command: …}\`
          cache:
            deploy: auto
            adopt: shop_cache_1
            image: shop:1
          # nothing says when it is ready: add \`health: {path: /…}\` or \`health: {command: …}\`
          db:
            deploy: auto
            adopt: shop_db_1
            image: shop:1
          # nothing says when it is ready: add \`health: {path: /…}\` or \`health: {command: …}\`
          web:
            deploy: auto
            adopt: [shop_web_1, shop_web_2]
            image: shop:1
            containers: 2
            env:
              CACHE: redis://cache:6379/0
            links: [cache]
            depends_on: [db]
      "
    `);
  });

  it('gives names that a stack file takes', () => {
    const { file } = imported(
      facts(...['x-a', 'a.b', 'a-b', 'redis0', 'redis', 'web-1', 'web-2'].map((name) => container(name))),
      { stack: 'shop' },
    );
    const { shop } = file['deploy'] as Record<
      string,
      { containers: Record<string, Record<string, unknown>> }
    >;
    expect(Object.entries(shop?.containers ?? {}).map(([key, entry]) => [key, entry['adopt']])).toEqual([
      ['a-b', 'a-b'],
      ['a-b-2', 'a.b'],
      ['cx-a', 'x-a'],
      ['redis', 'redis'],
      ['redis-2', 'redis0'],
      ['web', ['web-1', 'web-2']],
    ]);
  });
});

describe('volumes', () => {
  it('makes data volumes of containers that only hold them', () => {
    const holder = container('socks', {
      state: 'exited',
      mounts: [volume(HASH, '/socks'), volume('static', '/static')],
    });
    const user = (name: string, readOnly: boolean) =>
      container(name, {
        volumesFrom: [{ container: 'socks', readOnly }],
        mounts: [volume(HASH, '/socks', { readOnly }), volume('static', '/static', { readOnly })],
      });
    expect(deploy(holder, user('app0', false), user('haproxy0', true))).toMatchInlineSnapshot(`
      "shop:
        data_volumes:
          socks: [/socks, /static]
        containers:
          # nothing says when it is ready: add \`health: {path: /…}\` or \`health: {command: …}\`
          app:
            deploy: auto
            image: shop:1
            volumes_from: [socks]
          # nothing says when it is ready: add \`health: {path: /…}\` or \`health: {command: …}\`
          haproxy:
            deploy: auto
            image: shop:1
            volumes_from: [socks:ro]
      "
    `);
  });

  it('holds what writes alone, and keeps a volume without a name by its long one', () => {
    expect(deploy(container('files', { mounts: [volume(HASH, '/data')] }))).toMatchInlineSnapshot(`
      "shop:
        containers:
          files:
            deploy: manual
            adopt: files
            image: shop:1
            # the long name at \`/data\` is that of a volume that nobody has named; without it the next one would start empty
            volumes: [dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd:/data]
      "
    `);
  });

  it('says of several instances that what is in such volumes is lost', () => {
    const one = (index: number) =>
      container(`app${index}`, { mounts: [volume(String(index).repeat(64), '/cache')] });
    const { losses, file } = imported(facts(one(0), one(1)));
    expect(losses).toEqual([
      {
        container: 'app0, app1',
        text: 'each instance has a volume without a name at `/cache`: what is in it, the next one does not get',
      },
    ]);
    expect(JSON.stringify(file)).not.toContain('/cache');
  });
});

describe('names of others', () => {
  it('links what `--link` linked, and nothing in a circle', () => {
    const links = (target: string, alias: string) => ({ links: [{ target, alias }] });
    const text = deploy(
      container('app0', links('redis0', 'cache')),
      container('redis0', links('app0', 'app0')),
      container('haproxy0', links('gone', 'gone')),
    );
    expect(text).toMatchInlineSnapshot(`
      "shop:
        containers:
          # nothing says when it is ready: add \`health: {path: /…}\` or \`health: {command: …}\`
          app:
            deploy: auto
            image: shop:1
            links: [redis:cache]
          # \`--link gone:gone\` cannot be said: \`gone\` is not in the file
          # nothing says when it is ready: add \`health: {path: /…}\` or \`health: {command: …}\`
          haproxy:
            deploy: auto
            image: shop:1
          # \`--link app0:app0\` cannot be said: the other one needs this one already, and one has to start first
          # nothing says when it is ready: add \`health: {path: /…}\` or \`health: {command: …}\`
          redis:
            deploy: auto
            image: shop:1
      "
    `);
  });

  it('stays on a network that others are on, too', () => {
    const on = (name: string) => ({ networkMode: name, networks: [{ name, aliases: ['web'] }] });
    const engine = facts(
      container('app0', on('front')),
      container('proxy', on('front')),
      container('tv0', on('lan')),
    );
    const { file, losses } = imported(engine, { names: ['app0', 'tv0'] });
    expect(losses.map(({ text }) => text)).toEqual([
      'on `front` are others that are not in the file, `proxy`; they find it there no more as `web`',
      '`lan` is of the driver `macvlan`: it is joined, with an address that the engine chooses',
    ]);
    expect(file['deploy']).toMatchInlineSnapshot(`
      {
        "imported": {
          "containers": {
            "app": {
              "deploy": "auto",
              "image": "shop:1",
              "networks": [
                "front",
              ],
            },
            "tv": {
              "deploy": "auto",
              "image": "shop:1",
              "networks": [
                "lan",
              ],
            },
          },
        },
      }
    `);
  });
});

describe('secrets', () => {
  it('leaves every secret out, and says how it is read', () => {
    const secret = 'hunter2-Sentinel';
    const one = container('app0', {
      ...env(
        `DB_PASS=${secret}`,
        `DATABASE_URL=postgres://shop:${secret}@db/shop`,
        'PASSWORD_FILE=/run/secret',
        `NOTE=see ${secret}`,
      ),
      command: ['redis-server', '--requirepass', secret, `--url=${secret}`],
      labels: { 'traefik.basicauth': 'admin:$apr1$abc', note: `is ${secret}` },
      log: { driver: 'splunk', options: { 'splunk-token': secret } },
    });
    const two = container('worker', env('DB_PASS=another-Sentinel1'));
    const result = imported(facts(one, two));
    expect(renderYaml(result) + JSON.stringify([result.losses, result.secrets])).not.toContain('Sentinel');
    expect(result.secrets).toMatchInlineSnapshot(`
      [
        {
          "container": "app0",
          "found": "command",
          "name": "APP_COMMAND",
          "read": "docker inspect -f '{{index .Config.Cmd 2}}' app0",
        },
        {
          "container": "app0",
          "found": "command",
          "name": "APP_COMMAND_2",
          "read": null,
        },
        {
          "container": "app0",
          "found": "DATABASE_URL",
          "name": "DATABASE_URL",
          "read": "docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' app0 | sed -n 's/^DATABASE_URL=//p'",
        },
        {
          "container": "app0",
          "found": "DB_PASS",
          "name": "DB_PASS",
          "read": "docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' app0 | sed -n 's/^DB_PASS=//p'",
        },
        {
          "container": "app0",
          "found": "NOTE",
          "name": "NOTE",
          "read": null,
        },
        {
          "container": "worker",
          "found": "DB_PASS",
          "name": "WORKER_DB_PASS",
          "read": "docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' worker | sed -n 's/^DB_PASS=//p'",
        },
      ]
    `);
    expect(result.losses).toMatchInlineSnapshot(`
      [
        {
          "container": "app0",
          "text": "the label \`traefik.basicauth\` is left out: labels can be read by everybody, and it may hold a secret",
        },
        {
          "container": "app0",
          "text": "the log option \`splunk-token\` is left out: it can be read by everybody, and it may hold a secret",
        },
        {
          "container": "app0",
          "text": "\`labels\` is left out: a secret stands in it, and it can be read by everybody",
        },
        {
          "container": "app0",
          "text": "redis keeps its files in the container itself: the next one starts empty; copy them into a volume first",
        },
      ]
    `);
    const written = JSON.stringify(result.file['deploy']);
    expect(JSON.parse(written)).toMatchInlineSnapshot(`
      {
        "imported": {
          "containers": {
            "app": {
              "command": "redis-server --requirepass %{secret:APP_COMMAND} %{secret:APP_COMMAND_2}",
              "deploy": "manual",
              "env": {
                "DATABASE_URL": "%{secret:DATABASE_URL}",
                "DB_PASS": "%{secret:DB_PASS}",
                "NOTE": "%{secret:NOTE}",
                "PASSWORD_FILE": "/run/secret",
              },
              "image": "shop:1",
              "log": {
                "driver": "splunk",
              },
            },
            "worker": {
              "adopt": "worker",
              "deploy": "auto",
              "env": {
                "DB_PASS": "%{secret:WORKER_DB_PASS}",
              },
              "image": "shop:1",
            },
          },
        },
      }
    `);
  });

  it('knows one that is written in another way in JSON', () => {
    const secret = 'hunter"2\\Sentinel';
    const one = container('app0', { ...env(`DB_PASS=${secret}`), labels: { note: `is ${secret}` } });
    const label = container('app1', { labels: { 'password=Sentinel': '' } });
    const result = imported(facts(one, label));
    expect(renderYaml(result) + JSON.stringify(result.losses)).not.toContain('Sentinel');
    expect(result.losses.map(({ text }) => text)).toEqual([
      '`labels` is left out: a secret stands in it, and it can be read by everybody',
      'a label is left out: labels can be read by everybody, and it may hold a secret',
    ]);
  });

  it('makes a `database` of the seven variables of the cookbook', () => {
    const seven = env(
      'DB_ADAPTER=postgresql',
      'DB_DATABASE=shop',
      'DB_HOST=db.example.com',
      'DB_PASSWORD=Sentinel1',
      'DB_PORT=5432',
      'DB_RECONNECT=true',
      'DB_USERNAME=shop',
    );
    expect(deploy(container('app0', seven), container('worker0', seven))).toMatchInlineSnapshot(`
      "shop:
        database:
          adapter: postgresql
          database: shop
          host: db.example.com
          password: "%{secret:DB_PASSWORD}"
          port: 5432
          reconnect: true
          username: shop
        containers:
          # nothing says when it is ready: add \`health: {path: /…}\` or \`health: {command: …}\`
          app:
            deploy: auto
            image: shop:1
            database: true
          # nothing says when it is ready: add \`health: {path: /…}\` or \`health: {command: …}\`
          worker:
            deploy: auto
            image: shop:1
            database: true
      "
    `);
  });
});

describe('what is left out', () => {
  it('says why', () => {
    const { leftOut } = imported(
      facts(
        container('app0'),
        container('a', { labels: { 'io.stackc.stack': 'blog' } }),
        container('b', { labels: { 'com.docker.swarm.task': 'x' } }),
        container('c', { labels: { ...compose('shop', 'app', 1), 'com.docker.compose.oneoff': 'True' } }),
        container('d', { state: 'created' }),
        container('e', { state: 'dead' }),
        container('f', { state: 'exited' }),
      ),
    );
    expect(leftOut.map(({ name, why }) => `${name}: ${why}`)).toMatchInlineSnapshot(`
      [
        "a: it is of the stack \`blog\` already",
        "b: it is a task of a Swarm service, which Swarm itself replaces",
        "c: it is a run of \`docker compose run\`",
        "d: it was never started",
        "e: the engine is removing it",
        "f: it does not run; name it to have it all the same",
      ]
    `);
  });

  it('says nothing of agents, and of what is kept of applies, unless they are named', () => {
    const own = (role: string) => ({ labels: { 'io.stackc.stack': 'blog', 'io.stackc.role': role } });
    const running = [
      container('app0'),
      container('blog-agent', own('agent')),
      container('blog.revision.4', { ...own('revision'), state: 'created' }),
      container('blog-web0', own('instance')),
    ];
    expect(imported(facts(...running)).leftOut.map(({ name }) => name)).toEqual(['blog-web0']);
    const named = importRunning(facts(...running), { names: ['app0', 'blog-agent'], stack: 'shop' });
    expect(named).toMatchObject({ leftOut: [{ name: 'blog-agent' }] });
  });

  it('suggests the name that was meant', () => {
    expect(importRunning(facts(container('redis0')), { names: ['reids0'], stack: null })).toEqual({
      kind: 'unknown',
      unknown: [{ name: 'reids0', near: ['redis0'] }],
    });
    const composed = facts(container('one', { labels: compose('Shop', 'app', 1) }));
    expect(importRunning(composed, { names: ['shop'], stack: null })).toEqual({
      kind: 'unknown',
      unknown: [{ name: 'shop', near: ['Shop'] }],
    });
  });

  it('has nothing to write where nothing runs', () => {
    expect(importRunning(facts(), { names: [], stack: null })).toEqual({ kind: 'nothing', leftOut: [] });
  });
});
