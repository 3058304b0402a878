import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { liveOneLog } from './log-chaos.ts';
import { type LogLab, startLogLab } from './log-lab.ts';
import { newContainer, openBlobs } from './log-stores.ts';

const { LOG_SEED, LOG_SEEDS, LOG_TIMES } = process.env;
const IN_BLOBS = 5;
const right = { lost: [], doubled: [], invented: [] };

interface Life {
  readonly seed: number;
  readonly isBlob: boolean;
}

/**
 * Exactly once: whatever happens to a log and to those who collect it, the union of the segments is
 * what the log showed, byte for byte per record. The test command lives the same 50 lives each time,
 * in as many files as there are parts; LOG_SEEDS=2000 draws that many new ones, LOG_SEED repeats one.
 */
export function defineLogLives(part: number, parts: number): void {
  const count = Number(LOG_SEEDS ?? 50);
  const first = Number(
    LOG_SEED ?? (LOG_SEEDS === undefined ? 579_788 : Math.floor(Math.random() * 1_000_000)),
  );
  const every = Math.ceil(count / IN_BLOBS);
  const lives: Life[] =
    LOG_SEED === undefined
      ? Array.from({ length: count }, (_, at) => ({ seed: first + at, isBlob: at % every === 1 }))
      : [{ seed: first, isBlob: part === 1 }];
  const own = lives.filter(
    (_, at) => LOG_SEED !== undefined || Math.floor((at * parts) / count) === part,
  );
  defineLives(own);
}

function defineLives(lives: readonly Life[]): void {
  let lab: LogLab;
  beforeAll(async () => {
    lab = await startLogLab();
    process.stdout.write(`log seeds from ${lives[0]?.seed}: repeat one with LOG_SEED=<seed>\n`);
  });
  afterAll(() => lab.close());

  describe('a random life of a log', () => {
    it(`is stored exactly once, ${lives.length} times over`, {
      timeout: 40_000 * lives.length,
    }, async () => {
      for (const life of lives) await liveOne(lab, life);
    });
  });
}

async function liveOne(lab: LogLab, { seed, isBlob }: Life): Promise<void> {
  const store = isBlob ? openBlobs(inject('azurite'), await newContainer()) : undefined;
  const began = performance.now();
  const { tenant, records, kills, manifests, defects, gaps } = await liveOneLog(lab, seed, store);
  if (LOG_TIMES !== undefined) {
    const took = Math.round(performance.now() - began);
    process.stdout.write(
      `${seed} ${tenant.source} ${records} ${kills} ${manifests} manifests ${took} ms\n`,
    );
  }
  expect({ seed, ...defects, gaps }).toMatchObject({ seed, ...right, gaps: 0 });
  expect(defects.stored).toBeGreaterThanOrEqual(records);
}
