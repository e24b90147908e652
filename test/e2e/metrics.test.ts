import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { docker, freePort, StackFolder, unfolded, until, wipe } from '../support/stack-cli.ts';

const NAME = 'e2e-metrics';
const AGENT = `${NAME}-agent-engine`;

const folder = new StackFolder();
const socket = join(folder.folder, 'sockets/shop.sock');
let port = 0;

beforeAll(async () => {
  await wipe(NAME);
  port = await freePort();
});
afterAll(async () => {
  await wipe(NAME);
  folder.remove();
});

/** A stack whose instances end when they are told to, and never become ready when it says `broken`. */
function write(mark: string): void {
  const worker = 'while [ ! -e /tmp/end ]; do sleep 0.1; done; rm /tmp/end';
  folder.write({
    name: NAME,
    agent: { metrics: { socket, port } },
    deploy: {
      shop: {
        containers: [
          {
            app: {
              deploy: 'auto',
              image: 'stackc-example/servers:1',
              containers: 2,
              entrypoint: ['sh', '-c', mark === 'broken' ? 'exit 3' : worker],
              env: { MARK: mark },
              startup_time: 0.3,
              stop_timeout: 1,
            },
          },
          {
            job: {
              deploy: 'cron',
              image: 'stackc-example/servers:1',
              entrypoint: ['sh', '-c', 'echo done'],
              cron: '0 0 1 1 *',
            },
          },
        ],
      },
    },
  });
}

/** All that is told at a place, as `name{labels}` without the stack to value. */
function scrape(
  where: { readonly socketPath: string } | { readonly port: number },
): Promise<Map<string, number>> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...where, host: '127.0.0.1', path: '/metrics', agent: false }, (answer) => {
      let text = '';
      answer.on('data', (data: Buffer) => (text += data.toString()));
      answer.on('end', () => {
        const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
        const samples = lines.map((line): [string, number] => {
          const [, name = '', value = ''] = /^(.+) (\S+)$/.exec(line) ?? [];
          return [name.replace(`stack="${NAME}",`, '').replace(`{stack="${NAME}"}`, ''), Number(value)];
        });
        resolve(new Map(samples));
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}

const APP = 'application="shop",container="app"';
const JOB = 'application="shop",container="job"';

/** Scrapes until some figures are as wanted; what is read from the engine's events and the journal comes a moment later. */
function tells(wanted: Readonly<Record<string, number>>): Promise<unknown> {
  return until(
    async () => {
      const told = await scrape({ port }).catch(() => new Map<string, number>());
      return Object.fromEntries(Object.keys(wanted).map((name) => [name, told.get(name)]));
    },
    (told) => Object.entries(wanted).every(([name, value]) => told[name] === value),
    60_000,
  );
}

test('metrics tell of deploys, instances and jobs, on after the agent was killed, and to nobody but the host', async () => {
  write('one');
  const first = await folder.run(['apply', '--yes']);
  expect(unfolded(first.stdout)).toContain(
    `starts jobs, heals instances and serves metrics at \`${socket}\` and \`127.0.0.1:${port}\`, and has the engine's socket for it`,
  );
  await tells({
    'stackc_deploys_total{kind="apply",result="done"}': 1,
    [`stackc_instances_wanted{${APP}}`]: 2,
    [`stackc_instances_serving{${APP}}`]: 2,
    [`stackc_instance_restarts_total{${APP}}`]: 0,
    'stackc_agent_up{plane="engine"}': 1,
    stackc_engine_up: 1,
  });
  expect((await scrape({ socketPath: socket })).get('stackc_last_deploy_revision')).toBe(1);

  await isTheHostsAlone();

  write('broken');
  expect((await folder.run(['apply', '--yes'])).code).not.toBe(0);
  // It ends, and is started again in its container.
  await docker('exec', `${NAME}-shop-app0`, 'touch', '/tmp/end');
  expect((await folder.run(['cron', 'run', 'job'])).code).toBe(0);
  const broken = {
    'stackc_deploys_total{kind="apply",result="failed"}': 1,
    stackc_last_deploy_success: 0,
    [`stackc_failed_gates_total{${APP}}`]: 1,
    [`stackc_instance_restarts_total{${APP}}`]: 1,
    [`stackc_job_runs_total{${JOB},result="succeeded"}`]: 1,
    [`stackc_instances_serving{${APP}}`]: 2,
  };
  await tells(broken);

  const started = await docker('inspect', '-f', '{{.State.StartedAt}}', AGENT);
  const pid = await docker('inspect', '-f', '{{.State.Pid}}', AGENT);
  process.kill(Number(pid), 'SIGKILL');
  await until(
    () => docker('inspect', '-f', '{{.State.StartedAt}} {{.State.Running}}', AGENT),
    (state) => !state.startsWith(started) && state.endsWith('true'),
    60_000,
  );
  await tells(broken);
  await until(
    () =>
      scrape({ socketPath: socket })
        .then((told) => told.get('stackc_engine_up'))
        .catch(() => 0),
    (up) => up === 1,
    60_000,
  );

  const { stdout: agents } = await folder.run(['agent', 'status'], { env: { COLUMNS: '200' } });
  expect(agents).toContain(`starts 1 job; heals 2 instances; serves metrics at \`${socket}\``);
  const { stdout: lines } = await folder.run(['agent', 'logs', 'engine', '--timestamps']);
  expect(lines).toMatch(/^\d{4}-\d\d-\d\dT\S+ metrics are served at /m);

  await docker('stop', AGENT);
  expect(existsSync(socket)).toBe(false);
  const { stderr } = await folder.run(['status']);
  expect(stderr).toContain(
    `no job runs and no metrics are served: the agent that does it, \`${AGENT}\`, is exited`,
  );
});

/** Neither another address of the host nor another container has them. */
async function isTheHostsAlone(): Promise<void> {
  const addresses = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => address);
  for (const address of addresses) expect([address, await answers(address, port)]).toEqual([address, false]);
  const own = await docker(
    'inspect',
    '-f',
    '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
    AGENT,
  );
  const asks = `require('node:http').get('http://${own}:9464/metrics', () => console.log('answered')).on('error', () => console.log('refused'))`;
  expect(await docker('exec', `${NAME}-agent`, 'node', '-e', asks)).toBe('refused');
}

function answers(host: string, at: number): Promise<boolean> {
  return new Promise((resolve) => {
    const peer = connect({ host, port: at, timeout: 2_000 });
    const settle = (is: boolean): void => {
      peer.destroy();
      resolve(is);
    };
    peer.once('connect', () => settle(true));
    peer.once('error', () => settle(false));
    peer.once('timeout', () => settle(false));
  });
}
