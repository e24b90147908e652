import type { ContainerSpec } from '../spec/container-spec.ts';
import type { Problems } from '../spec/problems.ts';
import type { Range } from '../span.ts';
import type { SocketSpec } from './desired-state.ts';

/** Published socket paths, each served by one instance only: `STK324`. */
export class SocketClaims {
  readonly #claims = new Map<
    string,
    { readonly container: ContainerSpec; readonly instance: string; readonly range: Range }
  >();
  readonly #problems: Problems;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  claim(container: ContainerSpec, instance: string, socket: SocketSpec, range: Range): void {
    const name = socket.published.slice(socket.directory.length);
    const key = `${socket.volume}:${socket.volumePath}${name}`;
    const other = this.#claims.get(key);
    if (other === undefined) {
      this.#claims.set(key, { container, instance, range });
    } else if (other.container === container) {
      this.#problems.error(
        'STK324',
        `all instances of \`${container.name}\` would serve on \`${socket.published}\``,
        range,
        {
          help: 'write `%{app_name}` or `%{index}` into the path',
        },
      );
    } else {
      this.#problems.error(
        'STK324',
        `\`${other.instance}\` serves on \`${socket.published}\` already`,
        range,
        {
          related: [{ range: other.range, message: 'the other socket' }],
          help: 'give each its own path',
        },
      );
    }
  }
}
