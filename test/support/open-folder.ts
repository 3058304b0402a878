import { pathToFileURL } from 'node:url';
import type { LogStore } from '../../shared/log-repository/log-store.ts';
import { openLogStore } from '../../shared/log-repository/open-log-store.ts';
import { Secret } from '../../shared/settings/secret.ts';

/** A store in a folder that is there. */
export function openFolder(folder: string): LogStore {
  return openLogStore(new Secret(pathToFileURL(folder).href));
}
