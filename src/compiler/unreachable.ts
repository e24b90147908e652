/** Closes a `switch` over a union: a new member that nobody handled is a type error here. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
