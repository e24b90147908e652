import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, freePort, until } from './stack-cli.ts';

/** Who may push and pull, and as `htpasswd -B` writes it. */
export interface Login {
  readonly username: string;
  readonly password: string;
  readonly line: string;
}

export const LOGIN: Login = {
  username: 'shopper',
  password: 's3cret-word',
  line: 'shopper:$2y$05$D2Fo44XH3lqL332LLAziuOS7ZJqHBS8URZ4WMnfcc/rilCHa.9f7.',
};

export const OTHER_LOGIN: Login = {
  username: 'clerk',
  password: 'other-word',
  line: 'clerk:$2b$05$Xw4b2Atz/HaFyBopgnTxJ.u9oKy/KRUxMf4Dy.49acsW9.sIBXHSa',
};

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

/** A real registry on loopback that wants a login. */
export interface Registry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Folder of docker's settings that hold the login, for DOCKER_CONFIG. */
  readonly dockerConfig: string;
  /** Gives a tag a new image that sleeps, with so many bytes of its own; the engine keeps nothing of it. */
  publish(name: string, tag: string, bytes?: number): Promise<void>;
  /** From now on only this login is taken. */
  admit(login: Login): void;
  /** Takes all images of a name away. */
  forget(name: string): void;
  close(): Promise<void>;
}

/** Starts Debian's `docker-registry` with its files in `folder`. */
export async function startRegistry(folder: string, { username, password, line } = LOGIN): Promise<Registry> {
  const host = `127.0.0.1:${await freePort()}`;
  const dockerConfig = join(folder, 'docker');
  mkdirSync(dockerConfig, { recursive: true });
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  const authorization = `Basic ${auth}`;
  writeFileSync(join(dockerConfig, 'config.json'), JSON.stringify({ auths: { [host]: { auth } } }));
  const htpasswd = join(folder, 'htpasswd');
  writeFileSync(htpasswd, `${line}\n`);
  const settings = {
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: { addr: host },
    auth: { htpasswd: { realm: 'test', path: htpasswd } },
  };
  writeFileSync(join(folder, 'registry.yml'), JSON.stringify(settings));
  const server = spawn('docker-registry', ['serve', join(folder, 'registry.yml')], { stdio: 'ignore' });
  const over = new Promise<void>((resolve) => {
    server.on('error', () => resolve());
    server.on('exit', () => resolve());
  });
  await until(
    () =>
      fetch(`http://${host}/v2/`)
        .then(({ status }) => status)
        .catch(() => null),
    (status) => status === 401,
  );

  const docker = async (...args: readonly string[]) => {
    const { code, stderr } = await command('docker', args, { env: { DOCKER_CONFIG: dockerConfig } });
    if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr.trim()}`);
  };
  let published = 0;

  return {
    host,
    dockerConfig,
    async publish(name, tag, bytes = 0) {
      published += 1;
      const first = `${host}/${name}:first-${published}`;
      const fill = bytes === 0 ? '' : `RUN head -c ${bytes} /dev/urandom > /filling\n`;
      const steps = `FROM debian:bookworm-slim\n${fill}LABEL one=${host}-${published}\nSTOPSIGNAL KILL\nCMD ["sleep", "infinity"]\n`;
      const { code, stderr } = await command('docker', ['build', '--quiet', '--tag', first, '-'], {
        input: steps,
      });
      if (code !== 0) throw new Error(stderr);
      await docker('push', '--quiet', first);
      await docker('image', 'rm', first);
      // Under its tag only there: what the engine has under that tag stays.
      const manifests = `http://${host}/v2/${name}/manifests`;
      const headers = { authorization, accept: MANIFEST };
      const body = await (await fetch(`${manifests}/first-${published}`, { headers })).text();
      const moved = await fetch(`${manifests}/${tag}`, {
        method: 'PUT',
        headers: { authorization, 'content-type': MANIFEST },
        body,
      });
      if (!moved.ok) throw new Error(`${moved.status}: ${await moved.text()}`);
    },
    admit: (login) => writeFileSync(htpasswd, `${login.line}\n`),
    forget: (name) => rmSync(join(folder, 'data/docker/registry/v2/repositories', name), { recursive: true }),
    async close() {
      server.kill();
      await over;
    },
  };
}
