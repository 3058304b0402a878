import { existsSync } from 'node:fs';
import { z } from 'zod';

/** A form of a setting: parses the text, or says in one clause what is wrong with it. */
type Form = z.ZodType<string, string>;

function form(wrong: string, isRight: (value: string) => boolean): Form {
  return z.string().refine(isRight, { error: wrong });
}

function url(value: string): URL | undefined {
  return URL.canParse(value) ? new URL(value) : undefined;
}

export const postgresUrl = form('is not a PostgreSQL URL with user, host and database', (value) => {
  const parsed = url(value);
  return (
    parsed !== undefined &&
    /^postgres(ql)?:$/.test(parsed.protocol) &&
    parsed.username !== '' &&
    parsed.hostname !== '' &&
    parsed.pathname.length > 1
  );
});

export const httpsOrigin = form('is not an https address without a path', (value) => {
  const parsed = url(value);
  return parsed?.protocol === 'https:' && parsed.pathname === '/' && parsed.search === '';
});

export const httpAddress = form('is not an http or https address', (value) =>
  /^https?:$/.test(url(value)?.protocol ?? ''),
);

export const existingFile = form('names a file that is not there', (value) => existsSync(value));

export const cloud = z.enum(['global', 'usgov', 'usgovdod', 'china'], {
  error: 'is not a cloud of Microsoft Graph',
});

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const guidText = form('is not a GUID', (value) => guid.test(value));

/** GUIDs separated by commas, answered in lower case. */
export const guidList = form('is not a list of GUIDs separated by commas', (value) =>
  splitList(value).every((item) => guid.test(item)),
);

export const text = form('is empty', (value) => value.trim() !== '');

export const days = form('is not a number of days from 1 to 36500', (value) => {
  const count = Number(value);
  return /^\d+$/.test(value) && count >= 1 && count <= 36_500;
});

/** `https://account/container`, `file:///folder` or `<connection string>;Container=<name>`. */
export const repository = form('is not a repository address', (value) => isRepository(value));

export const repositoryList = form('is not a list of repository addresses', (value) =>
  splitList(value).every(isRepository),
);

function isRepository(value: string): boolean {
  const parsed = url(value);
  if (parsed?.protocol === 'file:') return parsed.pathname.length > 1;
  if (parsed?.protocol === 'https:') return parsed.pathname.length > 1;
  return isConnectionString(value) && /;\s*Container=[^;]+/i.test(value);
}

function isConnectionString(value: string): boolean {
  return /(^|;)\s*(AccountName|BlobEndpoint|TableEndpoint|UseDevelopmentStorage)=/i.test(value);
}

export const tableEndpoint = form('is neither an https address nor a connection string', (value) =>
  url(value)?.protocol === 'https:' ? true : isConnectionString(value),
);

/** `https://vault/keys/name` or the path of a file. */
export const keyLocation = form(
  'is neither a Key Vault address nor a file that is there',
  (value) => (value.startsWith('https://') ? URL.canParse(value) : existsSync(value)),
);

/** `https://vault` or the path of a file that may still have to be made. */
export const secretStore = form('is neither a Key Vault address nor a file path', (value) =>
  value.startsWith('https://') ? URL.canParse(value) : !value.includes('://') && value !== '',
);

export function splitList(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
