import { mkdtemp, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureCertificates } from '../../local/graph-simulator/certificates.ts';

const DAY = 86_400_000;
let stateDir: string;

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'simulator-certificates-'));
});
afterAll(() => rm(stateDir, { recursive: true, force: true }));

test('certificates are reused while valid, renewed before their end and after damage', async () => {
  const first = await ensureCertificates(stateDir);
  expect((await ensureCertificates(stateDir)).certificate).toBe(first.certificate);
  const renewed = await ensureCertificates(stateDir, new Date(Date.now() + 391 * DAY));
  expect(renewed.ca).not.toBe(first.ca);
  await truncate(renewed.certificateFile, 100);
  const repaired = await ensureCertificates(stateDir);
  expect(repaired.ca).not.toBe(renewed.ca);
  expect(await readFile(repaired.caFile, 'utf8')).toBe(repaired.ca);
  expect((await stat(repaired.keyFile)).mode & 0o077).toBe(0);
});
