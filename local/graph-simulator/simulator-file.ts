// The file `simulator.json` in the state folder: how other local commands find the running
// simulator. It holds the control token, so only its owner may read it.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const fileSchema = z.object({
  /** Scheme, host and port: `https://localhost:8443`. */
  url: z.url(),
  /** Token of the control interface. */
  controlToken: z.string().min(1),
  /** Tenant in which people sign in to the product's own API. */
  apiTenantId: z.string(),
  /** `aud` of their tokens. */
  apiAudience: z.string(),
  /** PEM file of the root that signed the server certificate. */
  caFile: z.string(),
});

export type SimulatorFile = z.infer<typeof fileSchema>;

const fileIn = (stateDir: string) => join(stateDir, 'simulator.json');

/** Replaces the file in one step: a reader sees the old one or the new one. */
export async function writeSimulatorFile(stateDir: string, content: SimulatorFile): Promise<void> {
  await mkdir(stateDir, { recursive: true });
  const temporary = `${fileIn(stateDir)}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, fileIn(stateDir));
}

/** Undefined when no simulator wrote one here; throws when the file is damaged. */
export async function readSimulatorFile(stateDir: string): Promise<SimulatorFile | undefined> {
  let text: string;
  try {
    text = await readFile(fileIn(stateDir), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return fileSchema.parse(JSON.parse(text));
}

/** For the simulator itself when it stops. */
export async function removeSimulatorFile(stateDir: string): Promise<void> {
  await rm(fileIn(stateDir), { force: true });
}
