import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePort, rows, until } from './stack-cli.ts';

/** A real rsyslog on loopback that keeps what comes over UDP apart from what comes over TCP. */
export interface Syslog {
  readonly ports: Readonly<Record<Transport, number>>;
  /** `APPLICATION MESSAGE`, in the order of their coming. */
  readonly lines: (transport: Transport) => readonly string[];
  readonly close: () => Promise<void>;
}

export type Transport = 'udp' | 'tcp';

/** Starts it; `folder` takes its files. */
export async function startSyslog(folder: string): Promise<Syslog> {
  const ports = { udp: await freePort(), tcp: await freePort() };
  const fileOf = (transport: Transport) => join(folder, `${transport}.log`);
  const listener = (transport: Transport) =>
    [
      `module(load="im${transport}"${transport === 'tcp' ? ' MaxSessions="20"' : ''})`,
      `input(type="im${transport}" address="127.0.0.1" port="${ports[transport]}" ruleset="${transport}")`,
      `ruleset(name="${transport}") { action(type="omfile" file="${fileOf(transport)}" template="short") }`,
    ].join('\n');
  const settings = join(folder, 'rsyslog.conf');
  const short = 'template(name="short" type="string" string="%app-name%%msg:::sp-if-no-1st-sp%%msg%\\n")';
  writeFileSync(settings, [short, listener('udp'), listener('tcp'), ''].join('\n'));
  const child = spawn('rsyslogd', ['-n', '-f', settings, '-i', join(folder, 'rsyslog.pid')]);
  let said = '';
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await until(
    () => Promise.resolve(existsSync(join(folder, 'rsyslog.pid')) || child.exitCode !== null),
    (isOver) => isOver,
  );
  if (child.exitCode !== null) throw new Error(`rsyslogd ended: ${said}`);
  return {
    ports,
    lines: (transport) =>
      existsSync(fileOf(transport)) ? rows(readFileSync(fileOf(transport), 'utf8')) : [],
    close: async () => {
      child.kill();
      await ended;
    },
  };
}
