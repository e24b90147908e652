import { describe, expect, test } from 'vitest';
import { codes, type Code } from '../../../src/compiler/codes.ts';
import { resolve } from '../../../src/compiler/desired/resolve.ts';
import type { ResolvedInputs } from '../../../src/compiler/desired/resolved-inputs.ts';
import { brief, compileText, diagnosticsOf, inputs, shop, unmark } from './marked.ts';

interface Row {
  readonly title: string;
  readonly code: Code;
  readonly text: string;
  readonly severity?: 'warning';
  /** Only what `resolve` can find. */
  readonly inputs?: Partial<ResolvedInputs>;
}

const app = (lines: string, more = '') =>
  shop(`app:\n  deploy: auto\n  image: app:1\n${lines.replace(/^\n|\n *$/g, '').replace(/^/gm, '  ')}`, more);
const base = '{ deploy: auto, image: "a:1" }';

const rows: readonly Row[] = [
  { title: 'a key for later', code: 'STK301', text: app('«on»: web1') },
  { title: 'a balancer of its own', code: 'STK301', text: app('«balancer»: { image: "haproxy:3" }') },
  { title: 'hosts', code: 'STK301', text: shop(`app: ${base}`, '«hosts»: [a]') },

  {
    title: 'a hook in no container',
    code: 'STK305',
    text: shop(`app: ${base}`, 'hooks: { setup: { container: «ap», command: x } }'),
  },
  { title: 'a hook of no words', code: 'STK313', text: shop(`app: ${base}`, 'hooks: { setup: «[]» }') },
  {
    title: 'a hook that may take no time',
    code: 'STK319',
    text: shop(`app: ${base}`, 'hooks: { setup: { command: x, timeout: «0» } }'),
  },
  {
    title: 'an instance in a hook',
    code: 'STK304',
    text: shop(`app: ${base}`, 'hooks: { setup: "run «%{app_name}»" }'),
  },
  {
    title: 'a variable of a hook',
    code: 'STK340',
    text: shop(`app: ${base}`, 'hooks: { setup: "run «%{env:GONE}»" }'),
    inputs: {},
  },

  {
    title: 'scaling without an end',
    code: 'STK333',
    text: app('«scale»: { cpu: 60 }'),
  },
  {
    title: 'scaling from more than to',
    code: 'STK333',
    text: app('scale: { min: «4», max: 3, cpu: 60 }'),
  },
  {
    title: 'more instances at first than scaling allows',
    code: 'STK333',
    text: app('containers: «5»\nscale: { max: 3, cpu: 60 }'),
  },
  {
    title: 'scaling by nothing in particular',
    code: 'STK333',
    text: app('scale: { max: 3, «queue»: "app/default" }').replace('"app/default"', '{ target: 1 }'),
  },
  { title: 'a queue of no list', code: 'STK333', text: app('scale: { max: 3, queue: «redis», target: 5 }') },
  { title: 'a source without a target', code: 'STK333', text: app('scale: { max: 3, «command»: bin/n }') },
  {
    title: 'a target of one of several sources',
    code: 'STK333',
    text: app('scale: { max: 3, cpu: 60, command: bin/n, «target»: 5 }'),
  },
  {
    title: 'sessions that nobody counts',
    code: 'STK333',
    text: app('scale: { max: 3, «requests»: 20 }'),
  },
  {
    title: 'a command that takes long',
    code: 'STK333',
    text: app('scale: { max: 3, command: { command: n, target: 1, timeout: «40» } }'),
  },
  {
    title: 'hours outside of the limits',
    code: 'STK333',
    text: app('scale: { max: 3, schedule: [{ cron: "0 8 * * *", min: «4» }] }'),
  },
  {
    title: 'hours that say nothing',
    code: 'STK333',
    text: app('scale: { max: 3, schedule: [«{ cron: "0 8 * * *" }»] }'),
  },
  {
    title: 'a target that is none',
    code: 'STK332',
    text: app('scale: { max: 3, command: n, target: «"x"» }'),
  },
  {
    title: 'a haproxy that is not there',
    code: 'STK305',
    text: app('scale: { max: 3, requests: { balancer: «ap», target: 5 } }'),
  },
  {
    title: 'a Redis that is one instance',
    code: 'STK305',
    text: app('scale: { max: 3, queue: «"app0/default"», target: 5 }'),
  },
  {
    title: 'a link to an instance that may go',
    code: 'STK305',
    text: shop(
      'app: { deploy: auto, image: "a:1", containers: 2, scale: { max: 3, cpu: 60 } }\nweb: { deploy: auto, image: "a:1", links: [«app1»] }',
    ),
  },
  {
    title: 'a scaled container that is manual',
    code: 'STK326',
    text: shop('app: { deploy: manual, image: "a:1", «scale»: { max: 3, cpu: 60 } }'),
  },
  {
    title: 'a scaled container in the port of others',
    code: 'STK316',
    text: app('ports: [«"80:80"»]\nscale: { max: 3, cpu: 60 }'),
  },
  {
    title: 'a scaled container on a port of the host',
    code: 'STK316',
    text: app('network: host\n«port»: 80\nscale: { max: 3, cpu: 60 }'),
  },
  {
    title: 'names that collide only once it is scaled',
    code: 'STK308',
    text: shop(
      'app: { deploy: auto, image: "a:1", scale: { max: 11, cpu: 60 } }\n«app1»: { deploy: auto, image: "a:1" }',
    ),
  },

  { title: 'an open interpolation', code: 'STK302', text: app('command: run «%{app_name now»') },
  { title: 'one in another', code: 'STK302', text: app('hostname: "«%{env:X|%{host}»}"') },
  { title: 'a variable that can be none', code: 'STK302', text: app('command: "run «%{env:}» now"') },
  { title: 'a quoted string with escapes', code: 'STK302', text: app('command: «"a\\tb %{host"»') },
  { title: 'an unknown name', code: 'STK303', text: app('command: run «%{app_nam}» now') },
  { title: 'an unknown name after %%', code: 'STK303', text: app('command: 50%% «%{idx}»') },
  {
    title: 'a secret on a label',
    code: 'STK304',
    text: app('ports: ["«%{secret:P}»:80"]', 'secrets: { P: { env: P } }'),
  },
  {
    title: 'a secret in the image',
    code: 'STK304',
    text: shop('app: { deploy: auto, image: "a:«%{secret:P}»" }', 'secrets: { P: { env: P } }'),
  },
  {
    title: 'an instance in the image',
    code: 'STK304',
    text: shop('app: { deploy: auto, image: "a:«%{index}»" }'),
  },
  { title: 'a reference that varies', code: 'STK304', text: app('links: ["db«%{index}»"]') },
  { title: 'a socket where none is', code: 'STK304', text: app('command: serve «%{socket}»') },
  {
    title: 'a socket in the path of a request',
    code: 'STK304',
    text: app('port: 80\nhealth: { path: "/«%{socket}»" }'),
  },
  {
    title: 'a secret in the path of a request',
    code: 'STK304',
    text: app('port: 80\nhealth: { path: "/«%{secret:P}»" }', 'secrets: { P: { env: P } }'),
  },
  { title: 'a count from outside', code: 'STK304', text: app('containers: "«%{env:N|2}»"') },
  { title: 'a restart policy from outside', code: 'STK304', text: app('restart: "«%{env:R|always}»"') },
  { title: 'a duration from outside', code: 'STK304', text: app('stop_timeout: "«%{env:T}»s"') },
  { title: 'a choice from outside', code: 'STK304', text: app('pull: "«%{stack}»"') },
  {
    title: 'a status from outside',
    code: 'STK304',
    text: app('port: 80\nhealth: { status: ["«%{index}»"] }'),
  },
  { title: 'a socket in a label', code: 'STK304', text: app('labels: { a: "«%{socket}»" }') },
  {
    title: 'an application in a registry',
    code: 'STK304',
    text: shop(
      `app: ${base}`,
      'docker: { registries: { r.io: { username: "«%{container}»", password: x } } }',
    ),
  },
  {
    title: 'an inherited socket',
    code: 'STK304',
    text: shop(`
app: { deploy: auto, image: "a:1", socket: "/s/%{app_name}.sock", env: { S: "«%{socket}»" }, volumes_from: [d] }
other: { deploy: auto, image: "a:1", env_from: app }`).replace(
      'containers:',
      'data_volumes: { d: [/s] }\n    containers:',
    ),
  },
  {
    title: 'volumes that vary, inherited',
    code: 'STK304',
    text: shop(
      `a: { deploy: auto, image: "a:1", volumes: ["v%{index}:/v"] }\nb: { deploy: auto, image: "a:1", volumes_from: [«a»] }`,
    ),
  },

  {
    title: 'an unknown link',
    code: 'STK305',
    text: shop(`redis: ${base}\napp: { deploy: auto, image: "a:1", links: [«"reids"»] }`),
  },
  { title: 'an unknown dependency', code: 'STK305', text: app('depends_on: [«db»]') },
  {
    title: 'an instance beyond the last',
    code: 'STK305',
    text: shop(`db: ${base}\napp: { deploy: auto, image: "a:1", depends_on: [«db1»] }`),
  },
  { title: 'an unknown balancer', code: 'STK305', text: app('balancer: «front»') },
  {
    title: 'one instance as balancer',
    code: 'STK305',
    text: shop(
      'front: { deploy: auto, image: "a:1" }\na: { deploy: auto, image: "a:1", balancer: «front0» }',
    ),
  },
  { title: 'itself as balancer', code: 'STK326', text: app('balancer: «app»') },
  {
    title: 'a cron container as balancer',
    code: 'STK328',
    text: shop(
      'job: { deploy: cron, image: "a:1", cron: "1 2 * * *" }\na: { deploy: auto, image: "a:1", balancer: «job» }',
    ),
  },
  {
    title: 'a balancer of a cron container',
    code: 'STK326',
    text: shop(
      'a: { deploy: auto, image: "a:1" }\njob: { deploy: cron, image: "a:1", cron: "1 2 * * *", «balancer»: a }',
    ),
  },
  { title: 'an unknown data volume', code: 'STK305', text: app('volumes_from: [«socks»]') },
  {
    title: 'volumes_from an instance',
    code: 'STK305',
    text: shop(`db: ${base}\napp: { deploy: auto, image: "a:1", volumes_from: [«db0»] }`),
  },
  { title: 'an unknown env_from', code: 'STK305', text: app('env_from: «ap»') },
  {
    title: 'env_from an instance',
    code: 'STK305',
    text: shop(`db: ${base}\napp: { deploy: auto, image: "a:1", env_from: «db0» }`),
  },
  {
    title: 'an unknown forwarder',
    code: 'STK305',
    text: shop(`app: ${base}`, 'logrotate: { forwarder: «app» }'),
  },
  { title: 'an unknown manual', code: 'STK305', text: shop(`app: ${base}`, 'manual: [«ap»]') },
  {
    title: 'a manual cron container',
    code: 'STK305',
    text: shop('job: { deploy: cron, image: "a:1", cron: "1 2 * * *" }', 'manual: [«job»]'),
  },

  {
    title: 'a circle of links',
    code: 'STK306',
    text: shop(
      `a: { deploy: auto, image: "a:1", links: [«b»] }\nb: { deploy: auto, image: "a:1", depends_on: [a] }`,
    ),
  },
  { title: 'itself', code: 'STK306', text: shop('a: { deploy: auto, image: "a:1", links: [«a»] }') },
  {
    title: 'a circle of env_from',
    code: 'STK306',
    text: shop(
      `a: { deploy: auto, image: "a:1", env_from: «b» }\nb: { deploy: auto, image: "a:1", env_from: a }`,
    ),
  },

  {
    title: 'a container twice',
    code: 'STK307',
    text: `deploy:\n  shop:\n    containers:\n      - app: ${base}\n      - «app»: ${base}\n`,
  },
  {
    title: 'a data volume twice',
    code: 'STK307',
    text: `deploy:\n  shop:\n    data_volumes: [{ d: [/a] }, { «d»: [/b] }]\n    containers: { app: ${base} }\n`,
  },
  {
    title: 'a container like a data volume',
    code: 'STK307',
    text: `deploy:\n  shop:\n    data_volumes: { d: [/a] }\n    containers: { «d»: ${base} }\n`,
  },
  {
    title: 'app ×11 and app1',
    code: 'STK308',
    text: shop(`app: { deploy: auto, image: "a:1", containers: 11 }\n«app1»: ${base}`),
  },
  {
    title: 'two applications of one slug',
    code: 'STK308',
    text: `name: x\ndeploy:\n  my app: { containers: { a: ${base} } }\n  «my-app»: { containers: { b: ${base} } }\n`,
  },
  {
    title: 'instances of two applications',
    code: 'STK308',
    text: `name: shop\ndeploy:\n  shop: { containers: { web-app: ${base} } }\n  web: { containers: { «app»: ${base} } }\n`,
  },
  { title: 'a container name', code: 'STK309', text: shop(`«my.app»: ${base}`) },
  {
    title: 'an application name',
    code: 'STK309',
    text: `name: x\ndeploy:\n  «…»: { containers: { a: ${base} } }\n`,
  },
  { title: 'a stack name', code: 'STK309', text: shop(`app: ${base}`, 'name: «My Shop»') },
  {
    title: 'a data volume name',
    code: 'STK309',
    text: `deploy:\n  shop:\n    data_volumes: { «a b»: [/a] }\n    containers: { app: ${base} }\n`,
  },
  {
    title: 'an alias',
    code: 'STK309',
    text: shop(`db: ${base}\napp: { deploy: auto, image: "a:1", links: [«"db:a b"»] }`),
  },
  {
    title: 'no name for two applications',
    code: 'STK310',
    text: `deploy:\n  a: { containers: { a: ${base} } }\n  «b»: { containers: { b: ${base} } }\n`,
  },

  { title: 'an image in capitals', code: 'STK311', text: shop('app: { deploy: auto, image: "«My/App»:1" }') },
  { title: 'an empty tag', code: 'STK311', text: shop('app: { deploy: auto, image: "app«:»" }') },
  {
    title: 'a short digest',
    code: 'STK311',
    text: shop('app: { deploy: auto, image: "app@«sha256:1234»" }'),
  },
  {
    title: 'an image after a name',
    code: 'STK311',
    text: shop('app: { deploy: auto, image: "«%{stack}/x y»" }'),
  },
  {
    title: 'tag twice',
    code: 'STK312',
    text: shop('app: { deploy: auto, image: "app:1", tag: «"2"» }'),
  },
  { title: 'an open quote', code: 'STK313', text: app('command: run «"»a b') },
  { title: 'an open quote after a name', code: 'STK313', text: app(`command: run %{app_name} «'»a b`) },
  { title: 'an empty migration', code: 'STK313', text: app('migration: «[]»') },
  { title: 'a port that is none', code: 'STK314', text: app('ports: ["8080:«http»"]') },
  { title: 'ranges of two lengths', code: 'STK314', text: app('ports: ["«8000-8001:80»"]') },
  {
    title: 'a port of two containers',
    code: 'STK315',
    text: shop(
      `a: { deploy: auto, image: "a:1", ports: ["80:80"] }\nb: { deploy: auto, image: "a:1", ports: [«"127.0.0.1:80:8080"»] }`,
    ),
  },
  { title: 'a port within a range', code: 'STK315', text: app('ports: ["8000-8010:1-11", «"8005:80"»]') },
  { title: 'a port of two instances', code: 'STK316', text: app('containers: 2\nports: [«"80:80"»]') },
  {
    title: 'a host port of two instances',
    code: 'STK316',
    text: app('containers: 2\nnetwork: host\n«port»: 80'),
  },

  { title: 'a relative volume', code: 'STK317', text: app('volumes: ["«./data»:/data"]') },
  { title: 'an anonymous volume', code: 'STK317', text: app('volumes: [«/data»]') },
  { title: 'a volume option', code: 'STK317', text: app('volumes: ["dd:/data:«rx»"]') },
  {
    title: 'a mount path',
    code: 'STK317',
    text: `deploy:\n  shop:\n    data_volumes: { d: [«data»] }\n    containers: { app: ${base} }\n`,
  },
  {
    title: 'a volumes_from option',
    code: 'STK317',
    text: `deploy:\n  shop:\n    data_volumes: { d: [/data] }\n    containers: { app: { deploy: auto, image: "a:1", volumes_from: ["d:«x»"] } }\n`,
  },
  { title: 'a path mounted twice', code: 'STK318', text: app('volumes: ["aa:/data", «"bb:/data/"»]') },
  { title: 'a tmpfs over a volume', code: 'STK318', text: app('volumes: ["aa:/data"]\ntmpfs: [«/data»]') },
  {
    title: 'a data volume path twice',
    code: 'STK318',
    text: `deploy:\n  shop:\n    data_volumes: { d: [/data, «/data/»] }\n    containers: { app: ${base} }\n`,
  },
  { title: 'a duration', code: 'STK319', text: app('stop_timeout: «10 s»') },
  { title: 'no time at all', code: 'STK319', text: app('port: 80\nhealth: { timeout: «0» }') },
  { title: 'a size', code: 'STK320', text: app('memory: «lots»') },
  { title: 'no schedule', code: 'STK321', text: shop('«job»: { deploy: cron, image: "a:1" }') },
  {
    title: 'a schedule of six fields',
    code: 'STK321',
    text: shop('job: { deploy: cron, image: "a:1", cron: "«0 30 3 * * *»" }'),
  },
  {
    title: 'an hour beyond the day',
    code: 'STK321',
    text: shop('job: { deploy: cron, image: "a:1", cron: "30 «24» * * *" }'),
  },
  {
    title: 'no time in a schedule',
    code: 'STK321',
    text: shop('job: { deploy: cron, image: "a:1", cron: «{}» }'),
  },
  {
    title: 'a zone and no time',
    code: 'STK321',
    text: shop('job: { deploy: cron, image: "a:1", cron: «{ timezone: Europe/Rome }» }'),
  },
  {
    title: 'a date that no year has',
    code: 'STK372',
    severity: 'warning',
    text: shop('job: { deploy: cron, image: "a:1", cron: «"0 0 31 2 *"» }'),
  },
  {
    title: 'a day that the month has not',
    code: 'STK372',
    severity: 'warning',
    text: shop('job: { deploy: cron, image: "a:1", cron: { minute: 0, hour: 0, day: «31», month: "4,6" } }'),
  },
  {
    title: 'ports of cron',
    code: 'STK363',
    severity: 'warning',
    text: shop('job: { deploy: cron, image: "a:1", cron: "1 2 * * *", «ports»: ["80:80"] }'),
  },
  {
    title: 'a time zone',
    code: 'STK321',
    text: shop('job: { deploy: cron, image: "a:1", cron: { minute: 0, timezone: «Europe/Roma» } }'),
  },

  {
    title: 'a socket in no data volume',
    code: 'STK322',
    text: app('socket: «/run/%{app_name}.sock»\ncommand: serve %{socket}'),
  },
  { title: 'a relative socket', code: 'STK322', text: app('socket: «app.sock»') },
  {
    title: 'a socket in a read-only data volume',
    code: 'STK322',
    text: `deploy:\n  shop:\n    data_volumes: { d: [/s] }\n    containers: { app: { deploy: auto, image: "a:1", volumes_from: ["d:ro"], socket: «/s/a.sock» } }\n`,
  },
  {
    title: 'a long socket path',
    code: 'STK323',
    text: `deploy:\n  shop:\n    data_volumes: { d: [/s] }\n    containers: { app: { deploy: auto, image: "a:1", volumes_from: [d], command: "x %{socket}", socket: «/s/${'a'.repeat(110)}.sock» } }\n`,
  },
  {
    title: 'a socket of two instances',
    code: 'STK324',
    text: `deploy:\n  shop:\n    data_volumes: { d: [/s] }\n    containers: { app: { deploy: auto, image: "a:1", containers: 2, volumes_from: [d], command: "x %{socket}", socket: «/s/a.sock» } }\n`,
  },
  {
    title: 'an alias for two',
    code: 'STK325',
    text: shop(`a: ${base}\nb: ${base}\nc: { deploy: auto, image: "a:1", links: ["a:db", «"b:db"»] }`),
  },
  {
    title: "another container's name as alias",
    code: 'STK325',
    text: shop(`a: ${base}\nb: ${base}\nc: { deploy: auto, image: "a:1", links: [«"a:b"»] }`),
  },
  {
    title: 'ports in the network of the host',
    code: 'STK326',
    text: app('network: host\n«ports»: ["80:80"]'),
  },
  {
    title: 'links in the network of the host',
    code: 'STK326',
    text: shop(`db: ${base}\na: { deploy: auto, image: "a:1", network: host, «links»: [db] }`),
  },
  {
    title: 'a link to the network of the host',
    code: 'STK326',
    text: shop(
      `db: { deploy: auto, image: "a:1", network: host }\na: { deploy: auto, image: "a:1", links: [«db»] }`,
    ),
  },
  { title: 'cron for auto', code: 'STK326', text: app('«cron»: "1 2 * * *"') },
  {
    title: 'restart for cron',
    code: 'STK326',
    text: shop('job: { deploy: cron, image: "a:1", cron: "1 2 * * *", «restart»: always }'),
  },
  { title: 'two ways to ask', code: 'STK326', text: app('health: { tcp: true, «path»: /ping }') },
  {
    title: 'a secret of two sources',
    code: 'STK326',
    text: shop(`app: ${base}`, 'secrets: { A: { env: A, «file»: a } }'),
  },
  {
    title: 'health without network',
    code: 'STK326',
    text: app('network: none\nhealth: «{ path: /ping, port: 80 }»'),
  },
  {
    title: 'a log option twice',
    code: 'STK326',
    text: app('log: { «max-size»: 1m, options: { max-size: 2m } }'),
  },
  {
    title: 'several ports to ask',
    code: 'STK327',
    text: app('ports: ["80", "443"]\nhealth: «{ path: /ping }»'),
  },
  {
    title: 'a link to a cron container',
    code: 'STK328',
    text: shop(
      'job: { deploy: cron, image: "a:1", cron: "1 2 * * *" }\na: { deploy: auto, image: "a:1", links: [«job»] }',
    ),
  },
  {
    title: 'start-first with a host port',
    code: 'STK329',
    text: app('ports: ["80:80"]\nstrategy: { order: «start-first» }'),
  },
  {
    title: 'start-first for a database',
    code: 'STK329',
    text: shop(
      'db: { deploy: auto, image: "postgres:16", volumes: ["data:/var/lib/postgresql/data"], strategy: { order: «start-first» } }',
    ),
  },
  {
    title: 'an unknown secret',
    code: 'STK330',
    text: app('env: { A: "x%{env:B}«%{secret:TOKN}»" }', 'secrets: { TOKEN: { env: T } }'),
  },
  { title: 'no deploy mode', code: 'STK331', text: shop('«app»: { image: "a:1" }') },
  { title: 'an unknown deploy mode', code: 'STK332', text: shop('app: { deploy: «autoo», image: "a:1" }') },
  { title: 'a signal', code: 'STK332', text: app('stop_signal: «QUITE»') },
  { title: 'a restart policy', code: 'STK332', text: app('restart: «sometimes»') },
  { title: 'a host name', code: 'STK332', text: app('hostname: «my host»') },
  { title: 'an extra host', code: 'STK332', text: app('extra_hosts: [«db»]') },
  { title: 'a device', code: 'STK332', text: app('devices: [«fuse»]') },
  { title: 'a platform', code: 'STK332', text: app('platform: «Linux»') },
  { title: 'processors', code: 'STK332', text: app('cpus: «0»') },
  { title: 'a network to join', code: 'STK332', text: app('networks: [«a b»]') },
  { title: 'a label of ours', code: 'STK332', text: app('labels: { «io.stackc.stack»: x }') },
  { title: 'a variable with an equals sign', code: 'STK332', text: app('env: { «"A=B"»: x }') },
  { title: 'a number out of bounds', code: 'STK332', text: app('containers: «1001»') },
  { title: 'a request path', code: 'STK332', text: app('port: 80\nhealth: { path: «ping» }') },
  { title: 'an HTTP status', code: 'STK332', text: app('port: 80\nhealth: { status: "200,«777»" }') },
  { title: 'a capability', code: 'STK332', text: app('cap_add: [«net-admin»]') },
  { title: 'a working folder', code: 'STK332', text: app('working_dir: «app»') },
  {
    title: 'a user without a password',
    code: 'STK332',
    text: shop(`app: ${base}`, 'docker: { registries: { r.io: { username: u, password: «""» } } }'),
  },
  {
    title: 'a password without a user',
    code: 'STK332',
    text: shop(
      `app: ${base}`,
      'docker: { registries: { «r.io»: { password: "%{secret:P}" } } }\nsecrets: { P: { env: P } }',
    ),
  },
  { title: 'a mount for tmpfs', code: 'STK332', text: app('tmpfs: [«run»]') },

  {
    title: 'a variable that is not set',
    code: 'STK340',
    text: app('env: { A: "x «%{env:NOT_SET}»" }'),
    inputs: {},
  },
  {
    title: 'a secret that failed',
    code: 'STK341',
    text: app('env: { A: "«%{secret:T}»" }', 'secrets: { T: { file: t } }'),
    inputs: { secrets: { T: { error: 't is not there' } } },
  },
  {
    title: 'an image that is not there',
    code: 'STK342',
    text: shop('app: { deploy: auto, image: «"a:1"» }'),
    inputs: { images: { 'a:1': { kind: 'missing', error: 'nowhere' } } },
  },
  {
    title: 'an address that is not known',
    code: 'STK343',
    text: app('env: { A: "«%{public_ip}»" }'),
    inputs: {},
  },
  {
    title: 'a port from outside',
    code: 'STK314',
    text: app('ports: ["«%{env:P}»:80"]'),
    inputs: { env: { P: 'x' } },
  },
  { title: 'no port to ask', code: 'STK327', text: app('health: «{ tcp: true }»'), inputs: {} },

  { title: 'latest', code: 'STK350', severity: 'warning', text: shop('app: { deploy: auto, image: «app» }') },
  {
    title: 'latest as tag',
    code: 'STK350',
    severity: 'warning',
    text: shop('app: { deploy: auto, image: app, tag: «latest» }'),
  },
  {
    title: 'empty credentials',
    code: 'STK351',
    severity: 'warning',
    text: shop(`app: ${base}`, 'docker: { registries: { «r.io»: { username: "", password: "" } } }'),
  },
  {
    title: 'a webhook that is no address',
    code: 'STK332',
    text: app('notifications: { webhook: «hook» }'),
  },
  {
    title: 'a webhook with a user in its address',
    code: 'STK332',
    text: app('notifications: { webhook: { url: "«https://u:p@ci.example/hook»" } }'),
  },
  {
    title: 'a webhook secret of no standard',
    code: 'STK332',
    text: app('notifications: { webhook: { url: "https://x", secret: «hunter2hunter2» } }'),
  },
  {
    title: 'a header that is not the file’s to say',
    code: 'STK332',
    text: app('notifications: { webhook: { url: "https://x", headers: { «Webhook-Id»: mine } } }'),
  },
  {
    title: 'a header of a webhook that is two lines',
    code: 'STK332',
    text: app('notifications: { webhook: { url: "https://x", headers: { A: «"b\\nc"» } } }'),
  },
  {
    title: 'an empty token',
    code: 'STK352',
    severity: 'warning',
    text: app('notifications: { rollbar: { access_token: «""» } }'),
  },
  {
    title: 'a password in the file',
    code: 'STK353',
    severity: 'warning',
    text: app('env: { DB_PASSWORD: «hunter2» }'),
  },
  {
    title: "a registry's password in the file",
    code: 'STK353',
    severity: 'warning',
    text: shop(`app: ${base}`, 'docker: { registries: { r.io: { username: u, password: «hunter2» } } }'),
  },
  {
    title: "the database's password in the file",
    code: 'STK353',
    severity: 'warning',
    text: shop(`app: ${base}`).replace('containers:', 'database: { password: «hunter2» }\n    containers:'),
  },
  { title: 'no database', code: 'STK354', severity: 'warning', text: app('«database»: true'), inputs: {} },
  {
    title: 'env under database',
    code: 'STK355',
    severity: 'warning',
    text: app('database: true\nenv: { «DB_HOST»: x }').replace(
      'containers:',
      'database: { host: y }\n    containers:',
    ),
  },
  { title: 'RELEASE_TAG', code: 'STK355', severity: 'warning', text: app('env: { «RELEASE_TAG»: x }') },
  { title: 'a number as text', code: 'STK356', severity: 'warning', text: app('containers: «"2"»') },
  { title: 'a boolean as text', code: 'STK356', severity: 'warning', text: app('database: «"false"»') },
  { title: 'a version as number', code: 'STK356', severity: 'warning', text: app('env: { V: «1.10» }') },
  {
    title: 'an hour without a minute',
    code: 'STK357',
    severity: 'warning',
    text: shop('job: { deploy: cron, image: "a:1", cron: { «hour»: 3 } }'),
  },
  { title: 'the host name opsworks', code: 'STK358', severity: 'warning', text: app('hostname: «opsworks»') },
  {
    title: 'manual in the file',
    code: 'STK359',
    severity: 'warning',
    text: shop('app: { deploy: manual, image: "a:1" }', '«manual»: [app]'),
  },
  {
    title: 'manual in the file, for what is auto',
    code: 'STK359',
    severity: 'warning',
    text: shop('app: { deploy: auto, image: "a:1" }', 'manual: [«app»]'),
  },
  {
    title: 'docker.exec',
    code: 'STK360',
    severity: 'warning',
    text: shop(`app: ${base}`, 'docker: { «exec»: { container: app, command: ls } }'),
  },
  {
    title: 'start-first for a single writer',
    code: 'STK361',
    severity: 'warning',
    text: app('volumes: ["dd:/data"]\nstrategy: { order: «start-first» }'),
  },
  {
    title: 'a socket that cannot move',
    code: 'STK362',
    severity: 'warning',
    text: `deploy:\n  shop:\n    data_volumes: { d: [/s] }\n    containers: { app: { deploy: auto, image: "a:1", volumes_from: [d], socket: «/s/a.sock» } }\n`,
  },
  {
    title: 'a balancer for sockets',
    code: 'STK363',
    severity: 'warning',
    text: `deploy:\n  shop:\n    data_volumes: { d: [/s] }\n    containers: { front: { deploy: auto, image: "a:1" }, app: { deploy: auto, image: "a:1", volumes_from: [d], socket: /s/a.sock, command: "run /s/a.sock", «balancer»: front } }\n`,
  },
  {
    title: 'retries beside startup_time',
    code: 'STK363',
    severity: 'warning',
    text: app('port: 80\nstartup_time: 5\nhealth: { «retries»: 3 }'),
  },
  {
    title: 'relabelling a named volume',
    code: 'STK363',
    severity: 'warning',
    text: app('volumes: [«"dd:/data:z"»]'),
  },
  {
    title: 'containers of cron',
    code: 'STK363',
    severity: 'warning',
    text: shop('job: { deploy: cron, image: "a:1", containers: «2», cron: "1 2 * * *" }'),
  },
  {
    title: 'an image that is neither here nor looked up',
    code: 'STK366',
    severity: 'warning',
    text: shop('app: { deploy: auto, image: «"a:1"» }'),
    inputs: {
      images: {
        'a:1': {
          kind: 'pull',
          digest: null,
          why: 'not on the engine',
          doubt: { message: 'no answer', help: null },
          config: null,
        },
      },
    },
  },
  {
    title: 'a registry that was not reached',
    code: 'STK365',
    severity: 'warning',
    text: shop('app: { deploy: auto, image: «"a:1"» }'),
    inputs: {
      images: {
        'a:1': {
          kind: 'local',
          id: `sha256:${'1'.repeat(64)}`,
          warning: 'not reached',
          config: {
            entrypoint: [],
            command: [],
            env: [],
            stopSignal: null,
            healthcheck: false,
            exposedPorts: [],
          },
        },
      },
    },
  },
  { title: 'a path of a file that is relative', code: 'STK367', text: app('files: { «etc/a»: x }') },
  { title: 'a folder as a file', code: 'STK367', text: app('files: { «/etc/a/»: x }') },
  { title: "a file in the kernel's", code: 'STK367', text: app('files: { «/proc/x»: x }') },
  { title: 'a file that the engine writes', code: 'STK367', text: app('files: { «/etc/hosts»: x }') },
  {
    title: 'a file longer than an archive can hold',
    code: 'STK367',
    text: app(`files: { «/${'n'.repeat(101)}»: x }`),
  },
  { title: 'a file written twice', code: 'STK367', text: app('files: { /etc/a: x, «/etc/./a»: y }') },
  { title: 'a file in a file', code: 'STK367', text: app('files: { /etc/a: x, «/etc/a/b»: y }') },
  {
    title: 'a file in a container that is read-only',
    code: 'STK367',
    text: app('read_only: true\nfiles: { «/etc/a»: x }'),
  },
  {
    title: 'a file in a volume',
    code: 'STK367',
    text: app('volumes: ["etc:/etc/app"]\nfiles: { «/etc/app/a»: x }'),
  },
  {
    title: 'a file over a mount',
    code: 'STK367',
    text: app('volumes: ["/a:/etc/a/b"]\nfiles: { «/etc/a»: x }'),
  },
  {
    title: 'a file in a tmpfs',
    code: 'STK367',
    text: app('tmpfs: ["/run:size=1m"]\nfiles: { «/run/a»: x }'),
  },
  {
    title: 'permissions that are none',
    code: 'STK332',
    text: app('files: { /a: { text: x, mode: "«0888»" } }'),
  },
  {
    title: 'a reload signal that is none',
    code: 'STK332',
    text: app('files: { /a: { text: x, reload: { signal: «HUPP» } } }'),
  },
  {
    title: 'a reload signal that ends the program',
    code: 'STK332',
    text: app('files: { /a: { text: x, reload: { signal: «TERM» } } }'),
  },
  {
    title: 'two ways to reload',
    code: 'STK326',
    text: app('files: { /a: { text: x, reload: { signal: HUP, «command»: r } } }'),
  },
  { title: 'no way to reload', code: 'STK202', text: app('files: { /a: { text: x, «reload»: {} } }') },
  {
    title: 'an unknown name in a file that is interpolated',
    code: 'STK303',
    text: app('files: { /a: { text: "a «%{nope}»", interpolate: true } }'),
  },
  {
    title: 'a socket in a file where none is',
    code: 'STK304',
    text: app('files: { «/a»: { text: "a %{socket}", interpolate: true } }'),
  },
  {
    title: 'an unknown name in a file beside the stack file',
    code: 'STK303',
    text: app('files: { /a: { file: «a.conf», interpolate: true } }'),
    inputs: { files: { 'a.conf': { bytes: new TextEncoder().encode('ok\n%{nope}') } } },
  },
  {
    title: 'an undeclared secret in a file beside the stack file',
    code: 'STK330',
    text: app('files: { /a: { file: «a.conf», interpolate: true } }'),
    inputs: { files: { 'a.conf': { bytes: new TextEncoder().encode('%{secret:X}') } } },
  },
  {
    title: 'a file that is not there',
    code: 'STK368',
    text: app('files: { /a: { file: «a.conf» } }'),
    inputs: { files: { 'a.conf': { error: 'does not exist' } } },
  },
  {
    title: 'bytes that cannot be interpolated',
    code: 'STK368',
    text: app('files: { /a: { file: «a.conf», interpolate: true } }'),
    inputs: { files: { 'a.conf': { bytes: new Uint8Array([255]) } } },
  },
  {
    title: 'a build from elsewhere',
    code: 'STK369',
    text: shop(`app: { deploy: auto, build: «"https://github.com/example/shop.git"» }`),
  },
  {
    title: 'a build of a folder that is not there',
    code: 'STK369',
    text: shop('app: { deploy: auto, build: { context: «./app», args: { V: 1 }, target: web } }'),
    inputs: { builds: { '["./app","Dockerfile","web",null,[["V","1"]]]': { error: 'it does not exist' } } },
  },
  {
    title: 'a secret as the argument of a build',
    code: 'STK304',
    text: shop(
      'app: { deploy: auto, build: { args: { V: "«%{secret:S}»" } } }',
      'secrets: { S: { env: S } }',
    ),
  },
  {
    title: "an instance's name as the argument of a build",
    code: 'STK304',
    text: shop('app: { deploy: auto, build: { args: { V: "«%{app_name}»" } } }'),
  },
  {
    title: 'an argument of a build that speaks of a secret',
    code: 'STK370',
    severity: 'warning',
    text: shop('app: { deploy: auto, build: { args: { «NPM_TOKEN»: x } } }'),
  },
  {
    title: 'an argument of a build without a name',
    code: 'STK332',
    text: shop('app: { deploy: auto, build: { args: { «A-B»: x } } }'),
  },
  {
    title: 'a tag beside a build',
    code: 'STK326',
    text: shop('app: { deploy: auto, build: ., image: shop, «tag»: 1 }'),
  },
  {
    title: 'the name of a build with a tag',
    code: 'STK311',
    text: shop('app: { deploy: auto, build: ., image: "localhost:5000/shop«:1»" }'),
  },
  {
    title: 'a platform beside that of a build',
    code: 'STK326',
    text: shop('app: { deploy: auto, build: { «platform»: linux/arm64 }, platform: linux/amd64 }'),
  },
  {
    title: 'a large build',
    code: 'STK371',
    severity: 'warning',
    text: shop('app: { deploy: auto, build: «./app» }'),
    inputs: {
      builds: {
        '["./app","Dockerfile",null,null,[]]': { digest: 'ab'.repeat(32), files: 4, bytes: 600_000_000 },
      },
    },
  },
  {
    title: 'a reload of a cron container',
    code: 'STK363',
    severity: 'warning',
    text: shop(
      'job: { deploy: cron, image: "a:1", cron: "1 1 * * *", files: { «/a»: { text: x, reload: { signal: HUP } } } }',
    ),
  },
];

describe('every problem has its code and its place', () => {
  test.each(rows.map((row) => [`${row.code} ${row.title}`, row] as const))('%s', (_title, row) => {
    const { text, start, end } = unmark(row.text);
    const compiled = compileText(text);
    const result =
      row.inputs !== undefined && compiled.ok
        ? resolve(compiled.value, { ...inputs, ...row.inputs })
        : compiled;
    const found = diagnosticsOf(result);
    expect(brief(found).filter((line) => line.startsWith(row.code))).toHaveLength(1);
    const problem = found.find(({ code }) => code === row.code);
    const marked = `${text.slice(0, problem?.span?.start.offset)}«${text.slice(problem?.span?.start.offset, problem?.span?.end.offset)}»${text.slice(problem?.span?.end.offset)}`;
    expect(marked).toBe(row.text);
    expect([problem?.span?.start.offset, problem?.span?.end.offset]).toEqual([start, end]);
    expect(problem?.severity).toBe(row.severity ?? 'error');
    expect(result.ok).toBe(row.severity === 'warning');
    // One mistake, one error: consequences are not told.
    expect(found.filter(({ severity }) => severity === 'error').length).toBe(
      row.severity === 'warning' ? 0 : 1,
    );
  });

  test('no 3xx code is without a case', () => {
    const covered = new Set<string>(rows.map(({ code }) => code));
    expect(Object.keys(codes).filter((code) => code.startsWith('STK3') && !covered.has(code))).toEqual([]);
  });
});

test('one pass tells everything that is wrong, and no consequences', () => {
  const text = `deploy:
  shop:
    data_volumes: { socks: [/run/socks] }
    containers:
      app: { deploy: auto, image: App, links: [reids], command: "run 'x", containers: 2, ports: ["80:80"], env: { A: "%{secret:X}" } }
      redis: { deploy: auto, image: "redis:7", volumes: ["./data:/data"], depends_on: [web] }
      web: { deploy: auto, image: "web:1", depends_on: [redis], health: { path: / }, volumes_from: [redis] }
      job: { deploy: cron, image: "web:1", cron: "0 0 30 2 x", links: [web], memory: lots }
`;
  expect(brief(diagnosticsOf(compileText(text)))).toEqual([
    'STK311 5:35 `App` is not an image name',
    'STK305 5:48 `links` names `reids`, which is not there',
    "STK313 5:70 the quote `'` is never closed",
    'STK316 5:98 `app` has 2 instances, and only one can have port 80/tcp of the host',
    'STK330 5:119 unknown secret `X`',
    "STK317 6:59 `./data` is neither an absolute path nor a volume's name",
    'STK306 6:88 references run in a circle: redis → web → redis',
    'STK321 8:60 `x` cannot be the weekday',
    'STK320 8:86 `lots` is not a size',
  ]);
});

test('a name that is nearly that of a container with problems of its own is suggested', () => {
  const text = shop(
    'redis: { deploy: auto }\napp: { deploy: auto, image: "a:1", links: [reids], depends_on: [db] }',
  );
  const help = diagnosticsOf(compileText(text)).flatMap((d) => (d.code === 'STK305' ? [d.help] : []));
  expect(help).toEqual(['did you mean `redis`?', 'the application `shop` has `app`, `redis`']);
});

test('limits that leave no number say how to mend them', () => {
  const scaled = 'deploy: auto, image: "a:1", scale: { min: 5, max: 2, cpu: 60 }';
  const hours = '{ cron: "0 8 * * *", min: 3, max: 2 }';
  const text = shop(
    `app: { ${scaled} }\nweb: { deploy: auto, image: "a:1", scale: { max: 4, schedule: [${hours}] } }`,
  );
  expect(diagnosticsOf(compileText(text)).map(({ code, help }) => [code, help])).toEqual([
    ['STK333', 'write `max: 5` or more, or a lesser `min`'],
    ['STK333', 'one that is not written is that of `scale`: write both, or take this one out'],
  ]);
});

test('a secret that failed is told once, with the other places', () => {
  const text = shop(
    `app: { deploy: auto, image: "a:1", containers: 2, env: { B: "%{secret:T}", A: "%{secret:T}%{secret:U}" } }
b: { deploy: auto, image: "a:1", env_from: app, command: "x %{secret:T}" }`,
    'secrets: { T: { file: t }, U: { file: u } }',
  );
  const compiled = compileText(text);
  if (!compiled.ok) throw new Error(brief(compiled.diagnostics).join('\n'));
  const secrets = { T: { error: 't is not there' }, U: { error: 'u is not there' } };
  const found = diagnosticsOf(resolve(compiled.value, { ...inputs, secrets }));
  expect(brief(found)).toEqual([
    'STK341 4:68 the secret `T` cannot be had: t is not there',
    'STK341 4:97 the secret `U` cannot be had: u is not there',
  ]);
  expect(
    found.map(({ related }) =>
      related.map(({ span, message }) => `${span?.start.line}:${span?.start.column} ${message}`),
    ),
  ).toEqual([['4:86 used here too', '5:67 used here too'], []]);
});
