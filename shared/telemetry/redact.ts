const REDACTED = '[redacted]';

/** Ids, codes, paths of routes and names of types: no blanks, no address, no query, bounded. */
const harmless = /^[A-Za-z0-9_.:/{}~#,[\]-]{0,120}$/;

/** Long unbroken runs are keys, tokens or hashes of something; ids are shorter. */
const longRun = /[A-Za-z0-9_+-]{48,}/;

const secrets: readonly RegExp[] = [
  // JSON Web Token, whole or its beginning
  /eyJ[\w-]{8,}(\.[\w-]*){0,2}/g,
  // name=value and name: value of things that are never for a log
  /\b(password|pwd|secret|client_secret|client_assertion|access_?token|refresh_?token|authorization|accountkey|sharedaccesskey|sig|signature|code|api[-_]?key)\b\s*["']?\s*[=:]\s*["']?[^\s"'&;,]+/gi,
  /\bBearer\s+[^\s"']+/gi,
  // user:password@host
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s/@]*:[^\s/@]*@/gi,
  // skip and delta tokens are as good as a key to what they page through
  /\$(skip|delta)token=[^\s"'&]+/gi,
  // a person's address or sign-in name
  /[^\s"'<>@]+@[^\s"'<>@]+\.[a-z]{2,}/gi,
  /-----BEGIN [A-Z ]+-----[\s\S]*?(-----END [A-Z ]+-----|$)/g,
];

/** A field value as it may be written: numbers and booleans as they are, strings only when harmless. */
export function redactValue(value: unknown): string | number | boolean {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value !== 'string') return REDACTED;
  const isSafe = harmless.test(value) && !longRun.test(value) && !/:\/\/|^eyJ/.test(value);
  return isSafe ? value : REDACTED;
}

/** A message or a text made by others, such as an error of a library: known secrets cut out. */
export function redactMessage(message: string): string {
  return secrets.reduce((text, pattern) => text.replaceAll(pattern, REDACTED), message);
}
