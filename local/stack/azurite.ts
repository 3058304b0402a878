import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { type Child, startChild } from './child.ts';

/** The account that every storage emulator knows; not a secret. */
const account = 'devstoreaccount1';
const accountKey =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

export interface Azurite extends Child {
  readonly connectionString: string;
}

const listening = /Azurite (Blob|Queue|Table) service is successfully listening at (http\S+)/;

/** Starts Azurite as a child on free ports; its data live in `folder`. */
export async function startAzurite(folder: string, logFile: string): Promise<Azurite> {
  mkdirSync(folder, { recursive: true });
  const endpoints = new Map<string, string>();
  // the package's main file belongs to an editor extension: its file is started directly
  const own = path.dirname(createRequire(import.meta.url).resolve('azurite/package.json'));
  const child = await startChild({
    name: 'azurite',
    args: [
      path.join(own, 'dist', 'src', 'azurite.js'),
      ...['--location', folder, '--disableTelemetry', '--skipApiVersionCheck'],
      ...['--blobPort', '0', '--queuePort', '0', '--tablePort', '0'],
    ],
    env: {},
    cwd: folder,
    logFile,
    stopMessage: 'shutdown',
    readyWithinMs: 60_000,
    isReady: (line) => {
      const [, service, url] = listening.exec(line) ?? [];
      if (service !== undefined && url !== undefined) endpoints.set(service, url);
      return endpoints.size === 3;
    },
  });
  const parts = ['Blob', 'Queue', 'Table'].map(
    (service) => `${service}Endpoint=${endpoints.get(service)}/${account}`,
  );
  const connectionString = [
    'DefaultEndpointsProtocol=http',
    `AccountName=${account}`,
    `AccountKey=${accountKey}`,
    ...parts,
  ].join(';');
  return { ...child, connectionString };
}
