// Exactly once: whatever happens to a log and to those who collect it, the union of the segments is
// what the log showed, byte for byte per record. The test command lives the same 50 lives each time;
// LOG_SEEDS=2000 draws that many new ones, LOG_SEED repeats one.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { liveOneLog } from '../support/log-chaos.ts';
import { type LogLab, startLogLab } from '../support/log-lab.ts';
import { newContainer, openBlobs } from '../support/log-stores.ts';

const count = Number(process.env['LOG_SEEDS'] ?? 50);
const drawn =
  process.env['LOG_SEEDS'] === undefined ? 579_788 : Math.floor(Math.random() * 1_000_000);
const first = Number(process.env['LOG_SEED'] ?? drawn);
const seeds = Array.from(
  { length: process.env['LOG_SEED'] === undefined ? count : 1 },
  (_, at) => first + at,
);
const IN_BLOBS = 5;

let lab: LogLab;
beforeAll(async () => {
  lab = await startLogLab();
  process.stdout.write(`log seeds from ${first}: repeat one with LOG_SEED=<seed>\n`);
});
afterAll(() => lab.close());

const right = { lost: [], doubled: [], invented: [] };

describe('a random life of a log', () => {
  it(`is stored exactly once, ${seeds.length} times over`, {
    timeout: 40_000 * seeds.length,
  }, async () => {
    for (const [at, seed] of seeds.entries()) {
      const isBlob = at % Math.ceil(seeds.length / IN_BLOBS) === 1;
      const store = isBlob ? openBlobs(inject('azurite'), await newContainer()) : undefined;
      const began = performance.now();
      const life = await liveOneLog(lab, seed, store);
      if (process.env['LOG_TIMES'])
        process.stdout.write(
          `${seed} ${life.tenant.source} ${life.records} ${life.kills} ${life.manifests} manifests ${Math.round(performance.now() - began)} ms\n`,
        );
      expect({ seed, ...life.defects, gaps: life.gaps }).toMatchObject({ seed, ...right, gaps: 0 });
      expect(life.defects.stored).toBeGreaterThanOrEqual(life.records);
    }
  });
});
