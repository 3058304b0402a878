// The import rules of the design, as data.
import type { Import, SourceFile } from './source-files.ts';

const basics = ['shared/model', 'shared/errors', 'shared/json'];
const core = [...basics, 'shared/telemetry'];
const adapterCore = [...core, 'shared/settings'];
const adapterTypes = ['graph', 'repository', 'log-repository', 'cache', 'encryption'].map(
  (name) => `*shared/${name}`,
);
const operation = [...core, 'shared/catalog', ...adapterTypes];
const shared = ['shared'];
/** Files directly in functions/ put the application together: services.ts and its parts. */
const composition = ['+functions'];

/** Area -> areas it may import, itself always. */
export const layers: Readonly<Record<string, readonly string[]>> = {
  'shared/model': ['shared/errors', 'shared/json'],
  'shared/errors': ['shared/model', 'shared/json'],
  'shared/json': ['shared/model', 'shared/errors'],
  'shared/telemetry': ['shared/model', 'shared/errors'],
  'shared/settings': ['shared/model', 'shared/errors'],
  'shared/catalog': ['shared/model'],
  'shared/graph': [...adapterCore, '*shared/catalog'],
  'shared/repository': adapterCore,
  'shared/cache': adapterCore,
  'shared/encryption': adapterCore,
  'shared/log-repository': [...adapterCore, 'shared/encryption'],
  'shared/compare': ['shared/model', 'shared/json', 'shared/catalog'],
  'shared/tenant-backup': operation,
  'shared/log-backup': operation,
  'shared/export': operation,
  'shared/restore': [...operation, 'shared/compare'],
  'shared/retention': [...core, ...adapterTypes],
  'shared/verify': [...core, ...adapterTypes],
  'functions/activities': [...shared, ...composition, 'functions/durable'],
  'functions/http': [...shared, ...composition, 'functions/durable'],
  'functions/timers': [...shared, ...composition, 'functions/durable'],
  'functions/durable': [...shared, ...composition],
  'functions/orchestrators': ['functions/activities', 'functions/durable', 'shared/model'],
  functions: ['shared', 'functions'],
};

/** Package -> where it may be imported. One SDK, one folder. */
export const packageHomes: Readonly<Record<string, readonly string[]>> = {
  '@microsoft/microsoft-graph-client': ['shared/graph'],
  undici: ['shared/graph', 'functions/http'],
  pg: ['shared/repository'],
  'pg-copy-streams': ['shared/repository'],
  'node-pg-migrate': ['shared/repository'],
  '@azure/storage-blob': ['shared/log-repository'],
  '@azure/data-tables': ['shared/cache'],
  '@azure/keyvault-keys': ['shared/encryption'],
  '@azure/functions': ['functions'],
  'durable-functions': ['functions'],
  '@azure/identity': ['shared/graph', 'functions/services.ts'],
};

/** Area of a file: `shared/<folder>`, `functions/<folder>`, else the top folder. */
export function areaOf(file: string): string {
  const [top = '', second = ''] = file.split('/');
  if (top === 'functions' && second.endsWith('.ts')) return top;
  return top === 'shared' || top === 'functions' ? `${top}/${second}` : top;
}

const isWithin = (file: string, area: string): boolean =>
  file === area || file.startsWith(`${area}/`);

/** `*area`: types only. `+area`: files directly in it, but not the entry. `area`: all of it. */
function isAllowed(entry: string, target: string): boolean {
  if (!entry.startsWith('+')) return isWithin(target, entry.replace('*', ''));
  return areaOf(target) === entry.slice(1) && !target.endsWith('/main.ts');
}

/** What is wrong with one import, or undefined. */
export function violation(source: SourceFile, imported: Import): string | undefined {
  const line = `${source.file} imports ${imported.target}`;
  if (imported.isPackage) {
    const homes = homesOf(imported.target);
    const isHome = homes === undefined || homes.some((home) => isWithin(source.file, home));
    return isHome ? undefined : `${line}, which belongs to ${homes?.join(' and ')}`;
  }
  if (/^(local|test|bench)\//.test(imported.target)) return `${line}: nothing may`;
  const area = areaOf(source.file);
  const rule = layers[area];
  if (rule === undefined) return `${area} is not in the table of layers`;
  if (areaOf(imported.target) === area) return undefined;
  const allowed = rule.find((each) => isAllowed(each, imported.target));
  if (allowed === undefined) return `${line}: ${area} may not`;
  return allowed.startsWith('*') && !imported.typeOnly ? `${line}: only by import type` : undefined;
}

function homesOf(target: string): readonly string[] | undefined {
  const name = Object.keys(packageHomes).find((each) => isWithin(target, each));
  return name === undefined ? undefined : packageHomes[name];
}
