import type { Rule } from './rule.ts';

const CREDENTIALS = 'check the name, and the credentials in `docker.registries` or of `docker login`';
const AGAIN = '`stack apply` again; layers that are there already are kept';

/** What engines say when a registry does not give an image. The first that fits counts. */
export const registryRules: readonly Rule[] = [
  {
    pattern: /no matching manifest for (.+?) in the manifest list/,
    message: 'the registry has this image, but none for $1',
    help: 'build it for this platform too, or name one that it has with `platform`',
  },
  {
    pattern: /image with reference .* was found but does not match the specified platform/,
    message: 'the image is for another platform than `platform` says',
    help: 'build it for that platform, or change `platform`',
  },
  {
    pattern: /toomanyrequests|too many requests|rate limit/i,
    message: 'the registry lets no more pulls through for now: too many were made',
    help: 'wait a while, or pull with an account: `docker.registries` or `docker login`',
  },
  {
    pattern: /no basic auth credentials/,
    message: 'the registry wants a login, and there is none for it',
    help: 'write it into `docker.registries`, or use `docker login`',
  },
  {
    pattern: /denied|unauthorized|authentication required/i,
    message: 'the registry has no such image, or does not give it to you',
    help: CREDENTIALS,
  },
  {
    pattern: /manifest for \S+ not found|manifest unknown|name unknown|repository \S+ not found|: not found$/,
    message: 'the registry has no such image',
    help: 'check the name and the tag: is it pushed?',
  },
  {
    pattern:
      /lookup (\S+)(?: on \S+)?: (?:no such host|server misbehaving|Temporary failure in name resolution)/,
    message: 'the host name of the registry, `$1`, cannot be resolved',
    help: "check the image's name, and the network of the engine's machine",
  },
  {
    pattern: /dial tcp (\S+): connect: connection refused/,
    message: 'nothing listens at $1, where the registry should be',
    help: "check the image's name, and whether its registry runs",
  },
  {
    pattern: /server gave HTTP response to HTTPS client/,
    message: 'the registry speaks plain HTTP, which the engine does not trust',
    help: "serve it over TLS, or name it under `insecure-registries` in the engine's daemon.json",
  },
  {
    pattern: /x509: (.*)$/,
    message: "the engine does not trust the registry's certificate",
    help: 'put its CA into /etc/docker/certs.d/HOST:PORT/ca.crt on the machine of the engine',
  },
  {
    pattern:
      /i\/o timeout|TLS handshake timeout|Client\.Timeout|context deadline exceeded|network is unreachable|no route to host/,
    message: 'the registry does not answer',
    help: "check the network of the engine's machine (firewall, proxy), then `stack apply` again",
  },
  {
    pattern:
      /unexpected EOF|connection reset by peer|filesystem layer verification failed|download failed after attempts/,
    message: 'the registry broke off in the middle',
    help: AGAIN,
  },
  {
    pattern: /received unexpected HTTP status: (5\d\d.*)|server error/i,
    message: 'the registry itself has failed',
    help: 'see its log, then `stack apply` again',
  },
];
