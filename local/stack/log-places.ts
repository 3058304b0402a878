import path from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { ensureLocalKeyFile } from '../../shared/encryption/local-key.ts';

/** Primary and secondary: a container each, and a key each that is made once and stays. */
const places = [
  { setting: 'PRIMARY_LOG_REPOSITORY', container: 'logs-primary', key: 'logs-primary.key' },
  { setting: 'SECONDARY_LOG_REPOSITORY', container: 'logs-secondary', key: 'logs-secondary.key' },
] as const;

/** Makes what is missing in the emulator and the state folder; answers the settings that name it. */
export async function logSettings(
  connectionString: string,
  folder: string,
): Promise<Record<string, string>> {
  const service = BlobServiceClient.fromConnectionString(connectionString);
  const settings: Record<string, string> = {};
  for (const { setting, container, key } of places) {
    await service.getContainerClient(container).createIfNotExists();
    const file = path.join(folder, key);
    await ensureLocalKeyFile(file);
    settings[setting] = `${connectionString};Container=${container}`;
    settings[`${setting}_KEY`] = file;
  }
  return settings;
}
