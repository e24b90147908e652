import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  command,
  docker,
  freePort,
  PROGRAM,
  rows,
  StackFolder,
  stack,
  until,
  wipe,
} from '../support/stack-cli.ts';
import type { Loose } from '../support/stack-cli.ts';

const NAME = 'e2e-behaviour';
let folder: StackFolder;

beforeEach(async () => {
  await wipe(NAME);
  folder = new StackFolder();
});

afterEach(async () => {
  await wipe(NAME);
  folder.remove();
});

/** unicorn on a TCP port of the stack's network. */
const web: Loose = {
  deploy: 'auto',
  image: 'stackc-example/app:1',
  command: 'unicorn -c config/unicorn.rb -l 0.0.0.0:8080',
  port: 8080,
  health: { path: '/ping' },
  startup_time: 20,
};

function write(containers: Readonly<Record<string, Loose>>, application: Loose = {}, top: Loose = {}): void {
  folder.write({ ...top, name: NAME, deploy: { [NAME]: { ...application, containers } } });
}

async function names(): Promise<readonly string[]> {
  const list = await docker(
    'ps',
    '-a',
    '--filter',
    `label=io.stackc.stack=${NAME}`,
    '--filter',
    'label=io.stackc.role=instance',
    '--format',
    '{{.Names}} {{.State}}',
  );
  return [...rows(list)].sort();
}

async function generation(instance: string): Promise<string> {
  return docker('inspect', '-f', '{{index .Config.Labels "io.stackc.generation"}}', `${NAME}-${instance}`);
}

async function apply(...args: readonly string[]): Promise<void> {
  const ran = await folder.run(['apply', '--yes', ...args]);
  expect(ran.code, ran.stderr).toBe(0);
}

describe('names on the network', () => {
  test('a link leads to the instance that has passed its gate, before and after it is replaced', async () => {
    const client: Loose = {
      deploy: 'auto',
      image: 'stackc-example/app:1',
      command: 'sleep infinity',
      stop_timeout: 1,
      links: ['web:backend'],
    };
    const ask = () =>
      docker(
        'exec',
        `${NAME}-client0`,
        'ruby',
        '-rnet/http',
        '-e',
        'print Net::HTTP.get("backend", "/version", 8080)',
      );
    write({ web, client });
    await apply();
    expect(await ask()).toBe('1');
    write({ web: { ...web, image: 'stackc-example/app:2' }, client });
    await apply();
    expect(await ask()).toBe('2');
    expect(await generation('client0')).toBe('1');
  });

  test('a container in the network of the host is asked there', async () => {
    const port = await freePort();
    write({
      web: { ...web, network: 'host', command: `unicorn -c config/unicorn.rb -l 127.0.0.1:${port}`, port },
    });
    await apply();
    expect(await (await fetch(`http://127.0.0.1:${port}/version`)).text()).toBe('1\n');
  });
});

describe('what says that it is ready', () => {
  test('a command, a connection, the health check of the image, or time', async () => {
    write({
      command: {
        ...web,
        health: { command: ['ruby', '-rsocket', '-e', 'TCPSocket.new("127.0.0.1", 8080)'] },
      },
      connection: { ...web, health: { tcp: true } },
      redis: { deploy: 'auto', image: 'stackc-example/redis:1' },
      sleeper: { deploy: 'auto', image: 'debian:bookworm-slim', command: 'sleep infinity', startup_time: 1 },
    });
    const ran = await folder.run(['apply', '--yes', '--json']);
    expect(ran.code, ran.stderr).toBe(0);
    const events = rows(ran.stdout).map(
      (line) => JSON.parse(line) as { type: string; node?: { id?: string } | string; note?: string },
    );
    const notes = events.filter(
      (e) => e.type === 'node-finished' && JSON.stringify(e).includes('container.gate'),
    );
    expect(notes).toHaveLength(4);
  });

  test('a server that ends at once fails at once, with what it said', async () => {
    write({ web: { ...web, command: 'sh -c "echo cannot read config; exit 4"', startup_time: 60 } });
    const startedAt = Date.now();
    const ran = await folder.run(['apply', '--yes']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/exited with code 4/);
    expect(ran.stderr).toMatch(/cannot read config/);
    expect(Date.now() - startedAt).toBeLessThan(30_000);
    expect(await names()).toEqual([`${NAME}-web0.1.failed exited`]);
  });

  test('stop-first: the stopped generation comes back when its successor fails', async () => {
    const single: Loose = { ...web, strategy: { order: 'stop-first' } };
    write({ web: single });
    await apply();
    write({ web: { ...single, env: { READY: 'false' }, startup_time: 3 } });
    expect((await folder.run(['apply', '--yes'])).code).toBe(1);
    expect(await names()).toEqual([`${NAME}-web0 running`, `${NAME}-web0.2.failed exited`]);
    expect(await generation('web0')).toBe('1');
    expect(await docker('inspect', '-f', '{{.HostConfig.RestartPolicy.Name}}', `${NAME}-web0`)).toBe(
      'unless-stopped',
    );
  });
});

describe('data', () => {
  test('a data-only container of an earlier tool gives its volumes, also after it is removed', async () => {
    const old = `${NAME}-old`;
    const keep: Loose = {
      deploy: 'auto',
      image: 'debian:bookworm-slim',
      command: 'sleep infinity',
      stop_timeout: 1,
      volumes_from: [old],
    };
    const volumes = { data_volumes: [{ [old]: { volumes: ['/var/keep'] } }] };
    await docker('create', '--name', old, '-v', '/var/keep', 'debian:bookworm-slim', 'true');
    try {
      await docker(
        'run',
        '--rm',
        '--volumes-from',
        old,
        'debian:bookworm-slim',
        'sh',
        '-c',
        'echo precious > /var/keep/file',
      );
      write({ keep }, volumes);
      await apply();
      expect(await docker('exec', `${NAME}-keep0`, 'cat', '/var/keep/file')).toBe('precious');
    } finally {
      await docker('rm', old);
    }
    write({ keep: { ...keep, env: { A: '1' } } }, volumes);
    await apply();
    expect(await generation('keep0')).toBe('2');
    expect(await docker('exec', `${NAME}-keep0`, 'cat', '/var/keep/file')).toBe('precious');
    const volume = await docker('inspect', '-f', '{{range .Mounts}}{{.Name}}{{end}}', `${NAME}-keep0`);
    await docker('rm', '-f', `${NAME}-keep0`);
    await docker('volume', 'rm', volume);
  });
});

describe('an apply that is cut off', () => {
  test('killed while it waits at a gate: the old version serves, and the next apply converges', async () => {
    write({ web: { ...web, containers: 2 } });
    await apply();
    write({ web: { ...web, containers: 2, env: { BOOT_DELAY: '15' } } });
    const child = spawn(process.execPath, [PROGRAM, 'apply', '--yes'], {
      cwd: folder.folder,
      stdio: 'ignore',
    });
    await until(names, (list) => list.includes(`${NAME}-web0.2.next running`));
    child.kill('SIGKILL');
    expect((await names()).filter((row) => row.endsWith('running'))).toHaveLength(3);
    write({ web: { ...web, containers: 2, env: { BOOT_DELAY: '0' } } });
    await apply();
    expect(await names()).toEqual([`${NAME}-web0 running`, `${NAME}-web1 running`]);
    expect((await folder.run(['plan', '--detailed-exitcode'])).code).toBe(0);
  });

  test('interrupted once: what is under way is finished, the rest is left and named', async () => {
    write({ web: { ...web, containers: 2 } });
    await apply();
    write({ web: { ...web, containers: 2, env: { BOOT_DELAY: '3' } } });
    const child = spawn(process.execPath, [PROGRAM, 'apply', '--yes'], { cwd: folder.folder });
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    child.stdout.resume();
    const exit = new Promise<number | null>((resolve) => child.on('close', resolve));
    await until(names, (list) => list.includes(`${NAME}-web0.2.next running`));
    child.kill('SIGINT');
    expect(await exit).toBe(130);
    expect(await generation('web0')).toBe('2');
    expect(await generation('web1')).toBe('1');
    expect(stderr).toMatch(/stack apply|stack plan/);
  });
});

describe('migrations', () => {
  const sleeper: Loose = {
    deploy: 'auto',
    image: 'debian:bookworm-slim',
    command: 'sleep infinity',
    startup_time: 1,
    stop_timeout: 1,
  };
  const migrations = async () => {
    const mine = ['--filter', `label=io.stackc.stack=${NAME}`, '--filter', 'label=io.stackc.role=migration'];
    const ids = rows(await docker('ps', '-aq', ...mine));
    const form = '{{.Name}} {{.State.Status}} {{.State.ExitCode}}';
    return Promise.all(ids.map((id) => docker('inspect', '-f', form, id)));
  };
  /** An apply that is killed while its migration runs. */
  const killed = async () => {
    const child = spawn(process.execPath, [PROGRAM, 'apply', '--yes'], {
      cwd: folder.folder,
      stdio: 'ignore',
    });
    await until(migrations, (list) => list.some((row) => row.includes(' running ')));
    child.kill('SIGKILL');
  };

  test('one that fails keeps the new version from starting, unless it is skipped, by a saved plan as well', async () => {
    write({ app: { ...sleeper, migration: 'false' } });
    expect((await folder.run(['apply', '--yes'])).code).toBe(1);
    const saved = await folder.run(['plan', '--skip-migration', '-o', 'skip.plan']);
    expect(saved.code, saved.stderr).toBe(0);
    expect(saved.stderr).toContain('warning[STK422]: the migration of `app` is skipped');
    expect((await folder.run(['apply', 'skip.plan', '--skip-migration'])).code).toBe(64);
    const ran = await folder.run(['apply', 'skip.plan']);
    expect(ran.code, ran.stderr).toBe(0);
    expect((await migrations()).map((row) => row.split(' ').slice(1).join(' '))).toEqual(['exited 1']);
    expect(await docker('inspect', '-f', '{{.State.Status}}', `${NAME}-app0`).catch(() => 'none')).toBe(
      'running',
    );
    expect((await folder.run(['plan', '--detailed-exitcode'])).code).toBe(0);
    write({ app: { ...sleeper, env: { NEW: '1' }, migration: 'false' } });
    const again = await folder.run(['apply', '--yes', '--skip-migration']);
    expect(again.code, again.stderr).toBe(0);
    await wipe(NAME);
  });

  test('one that an apply was cut off from runs once, to its end, before the new version starts', async () => {
    const slow = { command: ['sh', '-c', 'echo begun; sleep 4; echo over'], timeout: 60 };
    write({ app: { ...sleeper, migration: slow } });
    await killed();
    write({ app: { ...sleeper, migration: { ...slow, command: ['true'] } } });
    const other = await folder.run(['apply', '--yes']);
    expect(other.code).toBe(1);
    expect(other.stderr).toMatch(/STK415/);
    write({ app: { ...sleeper, migration: slow } });
    const ran = await folder.run(['apply', '--yes']);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stdout + ran.stderr).toMatch(/over/);
    expect(await migrations()).toEqual([`/${NAME}-app.1.migration exited 0`]);
    expect((await folder.run(['plan', '--detailed-exitcode'])).code).toBe(0);
  });

  test('one that is over its time is no success, though it would end with 0 when it is asked to', async () => {
    const stubborn = ['sh', '-c', 'trap "exit 0" TERM; sleep 60 & wait'];
    write({ app: { ...sleeper, migration: { command: stubborn, timeout: 1 } } });
    for (const _ of ['first', 'again']) {
      const ran = await folder.run(['apply', '--yes']);
      expect(ran.code).toBe(1);
      expect(ran.stderr).toMatch(/did not end within/);
    }
    expect((await migrations()).map((row) => row.split(' ').slice(1).join(' '))).toEqual([
      'exited 137',
      'exited 137',
    ]);
    expect(await names()).toEqual([]);
  });

  test('it is on the networks of its container, and a tag that moves meanwhile moves nothing', async () => {
    const [tag, edge] = [`${NAME}/moving:1`, `${NAME}-edge`];
    await docker('tag', 'stackc-example/app:1', tag);
    await docker('network', 'create', '--label', `io.stackc.stack=${NAME}-not`, edge);
    try {
      const migration = { command: 'sleep 3', timeout: 60 };
      write({ app: { ...sleeper, image: tag, networks: [edge], migration } });
      const applying = folder.run(['apply', '--yes']);
      await until(migrations, (list) => list.some((row) => row.includes(' running ')));
      await docker('tag', 'stackc-example/app:2', tag);
      const ran = await applying;
      expect(ran.code, ran.stderr).toBe(0);
      const [app, planned] = [`${NAME}-app0`, 'stackc-example/app:1'];
      expect(await docker('inspect', '-f', '{{.Image}}', app)).toBe(
        await docker('inspect', '-f', '{{.Id}}', planned),
      );
      const joined = await docker(
        'inspect',
        '-f',
        '{{json .NetworkSettings.Networks}}',
        `${NAME}-app.1.migration`,
      );
      expect(Object.keys(JSON.parse(joined) as object).sort()).toEqual([NAME, edge].sort());
    } finally {
      await wipe(NAME);
      await docker('rmi', tag);
      await docker('network', 'rm', edge);
    }
  });
});

describe('what somebody disconnects', () => {
  test('an instance and the agent come back to the network with the next apply', async () => {
    write({ web });
    await apply();
    await docker('network', 'disconnect', NAME, `${NAME}-web0`);
    await docker('network', 'disconnect', NAME, `${NAME}-agent`);
    const plan = await folder.run(['plan']);
    expect(plan.stdout).toMatch(new RegExp(`network ${NAME}`));
    await apply();
    expect(await generation('web0')).toBe('2');
    for (const name of ['web0', 'agent']) {
      const joined = await docker('inspect', '-f', '{{json .NetworkSettings.Networks}}', `${NAME}-${name}`);
      expect(Object.keys(JSON.parse(joined) as object)).toEqual([NAME]);
    }
    expect((await folder.run(['plan', '--detailed-exitcode'])).code).toBe(0);
  });
});

describe('sockets and those who ask them', () => {
  const SOCKS = { data_volumes: { socks: ['/var/socks'] } };
  const serve = (words: string): Loose => {
    const served: Loose = { ...web, command: words, volumes_from: ['socks'] };
    delete served['port'];
    return served;
  };
  const movable = serve('unicorn -c config/unicorn.rb -l /var/socks/%{app_name}.sock');
  const inVolume = (...words: readonly string[]) => docker('exec', `${NAME}-agent`, ...words);
  const directory = `/stackc/v/${NAME}-socks-var-socks`;
  const health = async () =>
    JSON.parse((await folder.run(['status', '--json'])).stdout).instances.map(
      (row: { instance: string; health: string }) => `${row.instance} ${row.health}`,
    ) as readonly string[];

  test('a link that is gone or leads elsewhere is drift, and is published again under a container that stays', async () => {
    write({ web: { ...movable, containers: 2 } }, SOCKS);
    await apply();
    expect(await health()).toEqual(['web0 healthy', 'web1 healthy']);
    await inVolume('rm', `${directory}/web0.sock`);
    await inVolume('ln', '-sfn', '.nobody', `${directory}/web1.sock`);
    const { stdout } = await folder.run(['plan']);
    expect(stdout).toContain(`drift: socket web0.sock  (none) → .${NAME}-web0.1`);
    expect(stdout).toContain(`drift: socket web1.sock  .nobody → .${NAME}-web1.1`);
    await apply();
    expect(await inVolume('readlink', `${directory}/web0.sock`, `${directory}/web1.sock`)).toBe(
      `.${NAME}-web0.1\n.${NAME}-web1.1`,
    );
    expect([await generation('web0'), await generation('web1')]).toEqual(['1', '1']);
    expect((await folder.run(['plan', '--detailed-exitcode'])).code).toBe(0);
  });

  test('status says who does not answer, and that nobody can be asked without an agent', async () => {
    write({ web: movable }, SOCKS);
    await apply();
    await inVolume('rm', `${directory}/.${NAME}-web0.1`);
    expect((await folder.run(['status'])).stdout).toMatch(/web0 .*no answer: ENOENT/);
    expect((await stack(['status', '--name', NAME])).stdout).toMatch(/web0 .*no answer: ENOENT/);
    await docker('pause', `${NAME}-agent`);
    const paused = await folder.run(['status']);
    expect(paused.stdout).toMatch(/web0 +1 +running +– /);
    expect(paused.stderr).toContain('health is not asked: no agent of the stack runs');
    expect((await folder.run(['plan'])).stdout).toContain('drift: state  paused → running');
    await apply('--force', 'web');
    expect(await health()).toEqual(['web0 healthy']);
  });

  test('a server that binds the published path has it back when its successor comes to nothing', async () => {
    // A name that stackc does not know to be the path: the server binds the published one itself.
    const fixed = {
      ...serve('sh -c \'exec unicorn -c config/unicorn.rb -l /var/socks/web"0".sock\''),
      socket: '/var/socks/%{app_name}.sock',
    };
    write({ web: fixed }, SOCKS);
    await apply();
    const ask = () =>
      inVolume(
        'node',
        '-e',
        `require('http').get({socketPath:'${directory}/web0.sock',path:'/ping'},(a)=>process.stdout.write(String(a.statusCode)))`,
      );
    expect(await ask()).toBe('200');
    write({ web: { ...movable, strategy: { order: 'start-first' } } }, SOCKS);
    await docker(
      'run',
      '-d',
      '--name',
      `${NAME}-web0.1.old`,
      '--label',
      `io.stackc.stack=${NAME}`,
      '--network',
      'none',
      'debian:bookworm-slim',
      'sleep',
      'infinity',
    );
    const failed = await folder.run(['apply', '--yes']);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('already in use');
    expect(await ask()).toBe('200');
    expect(await inVolume('ls', '-A', directory)).not.toContain(`.${NAME}-web0.1`);
    await docker('rm', '-f', `${NAME}-web0.1.old`);
    await apply();
    expect(await ask()).toBe('200');
    expect(await inVolume('readlink', `${directory}/web0.sock`)).toBe(`.${NAME}-web0.3`);
    expect((await folder.run(['plan', '--detailed-exitcode'])).code).toBe(0);
  });
});

test('other words for a migration run once, and replace nothing', async () => {
  const migrated = (words: string): Loose => ({ ...web, migration: words });
  write({ web: migrated('echo one') });
  await apply();
  write({ web: migrated('echo two') });
  expect((await folder.run(['plan'])).stdout).toContain('migration  "echo one" → "echo two"');
  await apply();
  expect(await generation('web0')).toBe('1');
  expect((await folder.run(['plan', '--detailed-exitcode'])).code).toBe(0);
});

test('a name that somebody else’s container has is told before anything is done', async () => {
  write({ web });
  await docker(
    'run',
    '-d',
    '--name',
    `${NAME}-web0`,
    '--network',
    'none',
    'debian:bookworm-slim',
    'sleep',
    'infinity',
  );
  try {
    const ran = await folder.run(['apply', '--yes']);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('STK420');
    expect(await names()).toEqual([]);
  } finally {
    await docker('rm', '-f', `${NAME}-web0`);
  }
});

describe('a run of the container’s own words', () => {
  test('serves on a path of its own, and the instance goes on serving on the published one', async () => {
    const serve = 'unicorn -c config/unicorn.rb -l /var/socks/%{app_name}.sock';
    const served: Loose = { ...web, command: serve, volumes_from: ['socks'] };
    delete served['port'];
    write({ web: served }, { data_volumes: { socks: ['/var/socks'] } });
    await apply();
    const files = () => docker('exec', `${NAME}-web0`, 'ls', '-lA', '/var/socks');
    const before = /web0\.sock -> \S+/.exec(await files())?.[0];
    expect(before).toBeDefined();
    const child = spawn(process.execPath, [PROGRAM, 'run', 'web'], { cwd: folder.folder, stdio: 'ignore' });
    const exit = new Promise((resolve) => child.on('close', resolve));
    await until(files, (list) => list.includes('.run.'));
    expect(await files()).toContain(before);
    child.kill('SIGTERM');
    await exit;
    expect(await files()).toContain(before);
  });
});

describe('engines that cannot be used', () => {
  test.each([
    ['nobody listens', 'unix:///nonexistent/docker.sock', 69],
    ['not an address', 'nonsense://x', 64],
  ])('%s', async (_, host, code) => {
    write({ web });
    const ran = await stack(['plan', folder.file, '--host', host]);
    expect(ran.code).toBe(code);
    expect(ran.stderr).not.toMatch(/ at .*\.js/);
    expect(ran.stderr.trim()).not.toBe('');
  });
});

describe('an engine behind ssh', () => {
  test('applies through the system ssh and a real sshd', async () => {
    const home = folder.folder;
    const port = await freePort();
    for (const key of ['host', 'user'])
      await command('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(home, key)]);
    const config = [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${home}/host`,
      `AuthorizedKeysFile ${home}/user.pub`,
      'PermitRootLogin prohibit-password',
      'StrictModes no',
      'UsePAM no',
      `PidFile ${home}/sshd.pid`,
      'PasswordAuthentication no',
    ];
    writeFileSync(join(home, 'sshd_config'), `${config.join('\n')}\n`);
    // The wrapper stands for the user's own ssh configuration: which key, which known hosts.
    const bin = join(home, 'ssh');
    writeFileSync(
      bin,
      `#!/bin/sh\nexec /usr/bin/ssh -i ${home}/user -o UserKnownHostsFile=${home}/known_hosts -o StrictHostKeyChecking=accept-new "$@"\n`,
      { mode: 0o755 },
    );
    await command('mkdir', ['-p', '/run/sshd']);
    const sshd = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(home, 'sshd_config')], { stdio: 'ignore' });
    try {
      const env = { PATH: `${home}:${process.env['PATH'] ?? ''}` };
      const host = `ssh://${process.env['USER'] ?? 'root'}@127.0.0.1:${port}`;
      write({
        sleeper: {
          deploy: 'auto',
          image: 'debian:bookworm-slim',
          command: 'sleep infinity',
          stop_timeout: 1,
        },
      });
      await until(
        () => folder.run(['plan', '--host', host], { env }),
        (ran) => ran.code === 0,
      );
      const ran = await folder.run(['apply', '--yes', '--host', host], { env });
      expect(ran.code, ran.stderr).toBe(0);
      expect(await names()).toEqual([`${NAME}-sleeper0 running`]);
      const again = await folder.run(['exec', 'sleeper', '--host', host, '--', 'echo', 'there'], { env });
      expect(again).toMatchObject({ code: 0, stdout: 'there\n' });
    } finally {
      sshd.kill();
    }
  });
});
