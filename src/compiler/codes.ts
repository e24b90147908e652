/**
 * Every diagnostic code with its title. A code is never reused or renumbered; `docs/errors.md` explains each.
 * `STK1xx` syntax, `2xx` shape, `3xx` meaning, `4xx` plan, `5xx` engine.
 */
export const codes = {
  // 1xx: the text cannot be read
  STK101: 'the file cannot be read',
  STK102: 'syntax error',
  STK103: 'duplicate key',
  STK104: 'not UTF-8',
  STK105: 'control character',
  STK106: 'file too large',
  STK107: 'nested too deep',
  STK108: 'empty file',
  STK109: 'not allowed in a stack file',
  STK110: 'alias without anchor',
  STK111: 'aliases expand too far',
  STK112: 'number out of range',
  STK113: 'more syntax problems',

  // 2xx: the shape is not a stack file's
  STK201: 'unknown key',
  STK202: 'wrong type',
  STK203: 'missing key',
  STK204: 'value not allowed',
  STK205: 'value out of range',
  STK206: 'keys exclude each other',
  STK207: 'more shape problems',

  // 3xx: the meaning is wrong
  STK301: 'not supported yet',
  STK302: 'malformed interpolation',
  STK303: 'unknown interpolation',
  STK304: 'interpolation that cannot stand here',
  STK305: 'unknown name',
  STK306: 'dependency cycle',
  STK307: 'duplicate name',
  STK308: 'names that collide on the engine',
  STK309: 'invalid name',
  STK310: 'the stack has no name',
  STK311: 'invalid image reference',
  STK312: 'image tag written twice',
  STK313: 'invalid command',
  STK314: 'invalid port',
  STK315: 'host port claimed twice',
  STK316: 'fixed host port with several instances',
  STK317: 'invalid volume',
  STK318: 'mount path used twice',
  STK319: 'invalid duration',
  STK320: 'invalid size',
  STK321: 'invalid schedule',
  STK322: 'invalid socket',
  STK323: 'socket path too long',
  STK324: 'socket shared by several instances',
  STK325: 'alias claimed twice',
  STK326: 'keys that contradict each other',
  STK327: 'nothing to ask for health',
  STK328: 'dependency on a cron container',
  STK329: 'strategy that cannot work',
  STK330: 'unknown secret',
  STK331: 'deploy mode missing',
  STK332: 'invalid value',
  STK340: 'variable of the environment not set',
  STK341: 'secret cannot be had',
  STK342: 'image cannot be had',
  STK343: 'fact of the host not known',
  STK350: 'image tag that moves',
  STK351: 'empty registry credentials',
  STK352: 'empty notification token',
  STK353: 'literal secret',
  STK354: 'database from outside is missing',
  STK355: 'value overridden',
  STK356: 'text read as a number or boolean',
  STK357: 'hour without a minute',
  STK358: 'host name that looks like an interpolation',
  STK359: 'manual containers included by the file',
  STK360: 'key replaced by a command',
  STK361: 'strategy with two writers',
  STK362: 'socket that cannot move',
  STK363: 'value without effect',
  STK365: 'image not looked up',

  // 4xx: what a plan should be read for
  STK410: 'everything would be removed',
  STK411: 'network missing on the engine',
  STK412: 'schedule not run by this version',
  STK413: 'data volume no longer in the file',

  // 5xx: the engine
  STK501: 'the engine cannot be reached',
} as const;

/** A diagnostic code. */
export type Code = keyof typeof codes;
