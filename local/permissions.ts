// `npm run permissions`: the application permissions that the two app registrations need, as JSON.
import { permissionLists } from '../shared/catalog/derive.ts';

const { read, restore } = permissionLists();
console.log(JSON.stringify({ backup: read, restore: [...read, ...restore].sort() }, null, 2));
