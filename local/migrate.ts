// `npm run migrate`: applies the migrations with the owner's URL.
import { migrate } from '../shared/repository/migrate.ts';

const url = process.env['POSTGRES_MIGRATION_URL'];
if (url === undefined || url === '') {
  console.error(
    'POSTGRES_MIGRATION_URL is missing: put postgres://owner:password@host:port/database of the schema owner',
  );
  process.exit(2);
}
const caFile = process.env['POSTGRES_CA_FILE'];
const run = await migrate({ url, ...(caFile ? { caFile } : {}) });
console.log(
  run.applied.length === 0
    ? `schema is up to date: ${run.version}`
    : `applied ${run.applied.join(', ')}`,
);
