import { isSensitiveName } from '../spec/sensitive-name.ts';

/** Names that only here count as a secret's: one too many to provide is better than one that is written down. */
const MORE_NAMES = /pass|pwd|auth|salt|webhook|cookie|cert|signature|hmac|jwt|creds?(?![a-z])/i;

/** What says nothing to anybody, whatever it is called. */
const HARMLESS = /^(?:true|false|yes|no|on|off|none|null)?$/i;

/** Names of what is counted: `SESSION_TOKEN_TTL`. */
const MEASURES =
  /(?:ttl|timeout|count|size|length|port|expiry|expires|seconds|minutes|hours|days|interval|rounds|cost)$/i;

/** Variables that every shell has. */
const NO_SECRETS = new Set(['PWD', 'OLDPWD']);

/** `user:password@`, or a token alone before the `@`; a query or a DSN with `password=…`. */
const IN_URL = /:\/\/[^\s/?#]+@|:\/\/[^\s]*:[^\s]*@/;
const ASSIGNED =
  /(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[-_]?key|access[-_]?key|account[-_]?key|sas|signature|credential|auth)[\w-]{0,20}["']?\s*[=:]\s*["']?[^\s"'&;,]/i;

/** As those who give them out have made them: keys, tokens of well-known services, JSON web tokens. */
const WELL_KNOWN =
  /-----BEGIN|\beyJ[\w-]{8,}\.|\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\b(?:ghp|gho|ghs|ghu|glpat|xox[abprs]|sk|pk|rk|whsec)[-_][\w-]{8,}|\bSG\.[\w-]{8,}|hooks\.slack\.com\/|\$(?:2[aby]|apr1|argon2\w*|[156])\$/;

/** Of a shell a value that is no variable: `-p"$PASSWORD"` gives nothing away. */
const OWN = /(?!"?\$)["']?[^\s"']/.source;

/** Options that hold a password in a line of a shell: those with a name for it, and short ones of well-known programs. */
const IN_LINE = [
  `\\s--?[\\w-]*(?:pass(?:word|wd|phrase)?|secret|token|api-?key)\\s+(?!-)${OWN}`,
  `\\b(?:redis|valkey)-cli\\b[^|;&\\n]*\\s-a\\s*${OWN}`,
  `\\bcurl\\b[^|;&\\n]*\\s(?:-\\w*u|--user[\\s=])\\s*["']?[^\\s:"']+:${OWN}`,
  `\\b(?:mysql|mariadb)[\\w-]*[^|;&\\n]*\\s-p${OWN}`,
  `\\b(?:sshpass|mongo(?:sh|dump|restore)?)\\b[^|;&\\n]*\\s-p\\s*${OWN}`,
].map((pattern) => new RegExp(pattern));

/** Whether a value must not stand in a file: by what it is called, or by what it looks like. */
export function isSecret(name: string, value: string): boolean {
  if (HARMLESS.test(value) || (MEASURES.test(name) && /^\d+$/.test(value))) return false;
  return (speaksOfSecret(name) && !isPathOf(name, value)) || looksSecret(value);
}

/** Where a secret lies is none. */
function isPathOf(name: string, value: string): boolean {
  return /(?:file|path|dir)$/i.test(name) && value.startsWith('/');
}

function speaksOfSecret(name: string): boolean {
  return !NO_SECRETS.has(name) && (isSensitiveName(name) || MORE_NAMES.test(name));
}

/** Whether a text alone gives a secret away. */
export function looksSecret(text: string): boolean {
  return IN_URL.test(text) || ASSIGNED.test(text) || WELL_KNOWN.test(text) || isInLine(text);
}

function isInLine(text: string): boolean {
  return IN_LINE.some((pattern) => pattern.test(text));
}

/** Which words of a command must not stand in a file: `--password=…`, what stands behind `--password`, and what looks so by itself. */
export function secretWords(words: readonly string[]): ReadonlySet<number> {
  const found = new Set<number>();
  const isLine = isInLine(words.join(' '));
  for (const [index, word] of words.entries()) {
    const [, option = '', value = ''] = /^-{1,2}([\w.-]+)=(.*)$/s.exec(word) ?? [];
    const [, before = ''] = /^-{1,2}([\w.-]+)$/.exec(words[index - 1] ?? '') ?? [];
    const [, name = '', assigned = ''] = /^([A-Za-z_]\w*)=(.*)$/s.exec(word) ?? [];
    const isOption = option !== '' && isSecret(option, value);
    const isBehind = before !== '' && !word.startsWith('-') && isSecret(before, word);
    const isVariable = name !== '' && isSecret(name, assigned);
    const isOfProgram =
      isLine && isInLine(words.slice(0, index + 1).join(' ')) && !isInLine(words.slice(0, index).join(' '));
    if (isOfProgram || isOption || isBehind || isVariable || looksSecret(word)) found.add(index);
  }
  return found;
}

/** Whether a secret is so unlike any other text that wherever it occurs it is the secret. */
export function isTelling(secret: string): boolean {
  return secret.length >= 8 && /[a-z]/i.test(secret) && /\d|[^\w.-]|[a-z][A-Z]|[A-Z][a-z]+[A-Z]/.test(secret);
}
