import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, freePort, until } from './stack-cli.ts';

/** Who may push and pull. */
export const LOGIN = { username: 'shopper', password: 's3cret-word' } as const;

const HTPASSWD = 'shopper:$2y$05$D2Fo44XH3lqL332LLAziuOS7ZJqHBS8URZ4WMnfcc/rilCHa.9f7.\n';
const BASIC = `Basic ${Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64')}`;
const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

/** A real registry on loopback that wants a login. */
export interface Registry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Folder of docker's settings that hold the login, for DOCKER_CONFIG. */
  readonly dockerConfig: string;
  /** Gives a tag a new image that sleeps; the engine keeps nothing of it. */
  publish(name: string, tag: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts Debian's `docker-registry` with its files in `folder`. */
export async function startRegistry(folder: string): Promise<Registry> {
  const host = `127.0.0.1:${await freePort()}`;
  const dockerConfig = join(folder, 'docker');
  mkdirSync(dockerConfig, { recursive: true });
  const auth = Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64');
  writeFileSync(join(dockerConfig, 'config.json'), JSON.stringify({ auths: { [host]: { auth } } }));
  writeFileSync(join(folder, 'htpasswd'), HTPASSWD);
  const settings = {
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: join(folder, 'data') } },
    http: { addr: host },
    auth: { htpasswd: { realm: 'test', path: join(folder, 'htpasswd') } },
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
    async publish(name, tag) {
      published += 1;
      const first = `${host}/${name}:first-${published}`;
      const steps = `FROM debian:bookworm-slim\nLABEL one=${host}-${published}\nSTOPSIGNAL KILL\nCMD ["sleep", "infinity"]\n`;
      const { code, stderr } = await command('docker', ['build', '--quiet', '--tag', first, '-'], {
        input: steps,
      });
      if (code !== 0) throw new Error(stderr);
      await docker('push', '--quiet', first);
      await docker('image', 'rm', first);
      // Under its tag only there: what the engine has under that tag stays.
      const manifests = `http://${host}/v2/${name}/manifests`;
      const headers = { authorization: BASIC, accept: MANIFEST };
      const body = await (await fetch(`${manifests}/first-${published}`, { headers })).text();
      const moved = await fetch(`${manifests}/${tag}`, {
        method: 'PUT',
        headers: { authorization: BASIC, 'content-type': MANIFEST },
        body,
      });
      if (!moved.ok) throw new Error(`${moved.status}: ${await moved.text()}`);
    },
    async close() {
      server.kill();
      await over;
    },
  };
}
