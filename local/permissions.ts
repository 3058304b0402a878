// `npm run permissions`: the application permissions that the two app registrations need, as JSON.
import { permissionLists } from '../shared/catalog/derive.ts';
import { logSourceEntries } from '../shared/log-backup/log-sources.ts';

const { read, restore } = permissionLists();
const logs = Object.values(logSourceEntries).map(({ permission }) => permission);
const backup = [...new Set([...read, ...logs])].sort();
console.log(JSON.stringify({ backup, restore: [...read, ...restore].sort() }, null, 2));
