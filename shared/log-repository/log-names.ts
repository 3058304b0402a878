import { BackupError } from '../errors/backup-error.ts';

/** One chain: the logs of one source of one tenant. */
export interface ChainId {
  /** GUID in lower case. */
  readonly tenant: string;
  /** `signIns`, `directoryAudits` ... */
  readonly source: string;
}

export interface SegmentPlace extends ChainId {
  /** Hour of the records, UTC: `2026-03-04T05`. */
  readonly hour: string;
  /** Number of the manifest that is to name it. */
  readonly number: number;
  /** 32 hexadecimal digits, random. */
  readonly segmentId: string;
}

export type LogName =
  | ({ readonly kind: 'manifest'; readonly number: number } & ChainId)
  | ({ readonly kind: 'segment' | 'index'; readonly idPrefix: string } & Omit<
      SegmentPlace,
      'segmentId'
    >);

export const MAX_MANIFEST_NUMBER = 9_999_999_999;

const tenantForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const sourceForm = /^[a-zA-Z][a-zA-Z0-9]{0,63}$/;
const hourForm = /^\d{4}-\d{2}-\d{2}T\d{2}$/;
const idForm = /^[0-9a-f]{32}$/;
const namePart = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;
const MAX_NAME = 512;

/** Throws `logNameInvalid`. Also for names that no function here made, such as those of a copy. */
export function checkName(name: string): string {
  const isRight = name.length <= MAX_NAME && name.split('/').every((part) => namePart.test(part));
  if (!isRight) throw invalid('a name in a log repository', name);
  return name;
}

/** Like a name, but may be empty, end anywhere and end with `/`. */
export function checkPrefix(prefix: string): string {
  if (prefix !== '') checkName(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix);
  return prefix;
}

/** `<tenant>/<source>`; throws `logNameInvalid`. */
export function chainFolder({ tenant, source }: ChainId): string {
  if (!tenantForm.test(tenant)) throw invalid('a tenant id in lower case', tenant);
  if (!sourceForm.test(source)) throw invalid('a log source', source);
  return `${tenant}/${source}`;
}

export function manifestPrefix(chain: ChainId): string {
  return `${chainFolder(chain)}/manifests/`;
}

export function manifestName(chain: ChainId, number: number): string {
  return `${manifestPrefix(chain)}${digits(number)}.json`;
}

/** All segments and indexes of one day (`2026-03-04`) or one hour (`2026-03-04T05`) lie below. */
export function timePrefix(chain: ChainId, dayOrHour: string): string {
  const full = dayOrHour.length === 10 ? `${dayOrHour}T00` : dayOrHour;
  if (!hourForm.test(full)) throw invalid('a day or an hour', dayOrHour);
  return `${chainFolder(chain)}/${dayOrHour.replace(/[-T]/g, '/')}/`;
}

export function segmentName(place: SegmentPlace): string {
  if (!idForm.test(place.segmentId)) throw invalid('a segment id', place.segmentId);
  const file = `${digits(place.number)}-${place.segmentId.slice(0, 16)}.seg`;
  return `${timePrefix(place, place.hour)}${file}`;
}

/** The name of a segment's index. */
export function indexName(segment: string): string {
  if (!segment.endsWith('.seg')) throw invalid('the name of a segment', segment);
  return `${segment.slice(0, -'.seg'.length)}.idx`;
}

const manifestForm = /^([^/]+)\/([^/]+)\/manifests\/(\d{10})\.json$/;
const containerForm =
  /^([^/]+)\/([^/]+)\/(\d{4})\/(\d{2})\/(\d{2})\/(\d{2})\/(\d{10})-([0-9a-f]{16})\.(seg|idx)$/;

/** What a name says, or undefined when nothing here makes such names. */
export function parseLogName(name: string): LogName | undefined {
  const [, mTenant = '', mSource = '', mNumber] = manifestForm.exec(name) ?? [];
  if (mNumber !== undefined) {
    if (!isChain(mTenant, mSource)) return undefined;
    return { kind: 'manifest', tenant: mTenant, source: mSource, number: Number(mNumber) };
  }
  const found = containerForm.exec(name);
  if (found === null) return undefined;
  const [, tenant = '', source = '', year, month, day, hour, number, idPrefix = '', end] = found;
  if (!isChain(tenant, source)) return undefined;
  return {
    kind: end === 'seg' ? 'segment' : 'index',
    ...{ tenant, source, idPrefix },
    hour: `${year}-${month}-${day}T${hour}`,
    number: Number(number),
  };
}

function isChain(tenant: string, source: string): boolean {
  return tenantForm.test(tenant) && sourceForm.test(source);
}

function digits(number: number): string {
  if (!Number.isSafeInteger(number) || number < 1 || number > MAX_MANIFEST_NUMBER) {
    throw invalid('the number of a manifest', String(number));
  }
  return String(number).padStart(10, '0');
}

function invalid(what: string, value: string): BackupError {
  const shown = JSON.stringify(value.slice(0, 80));
  return new BackupError('logNameInvalid', `${shown} is not ${what}`);
}
