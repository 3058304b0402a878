import { expect, it } from 'vitest';
import type { SliceReport } from '../../../shared/log-backup/collect-slice.ts';
import { countsOfSlice } from '../../../shared/log-backup/slice-counts.ts';
import type { ChainLink } from '../../../shared/log-repository/chain.ts';

const report: SliceReport = {
  ...{ outcome: 'caughtUp', windows: 2, gaps: 1, read: 50, new: 9, changed: 1, requests: 4 },
  ...{ head: 13, unanswered: 0, withoutCache: false, neededRequestsPerHour: 1 },
};

const manifests: Readonly<Record<number, object>> = {
  11: { kind: 'window', window: { read: 30, new: 20, changed: 2 } },
  12: { kind: 'gap' },
  13: { kind: 'checkpoint' },
  14: { kind: 'window', window: { read: 50, new: 9, changed: 1 } },
};
const asked: number[] = [];
const chain = {
  tenant: 'a',
  source: 'signIns',
  repository: {
    link: (_: unknown, number: number) => {
      asked.push(number);
      const manifest = manifests[number];
      return Promise.resolve(manifest && ({ number, sha256: '', manifest } as ChainLink));
    },
  },
} as const;

it('counts a slice by its own report when the chain holds nothing else', async () => {
  const counts = await countsOfSlice(chain, 10, report);
  expect(counts).toEqual({ windows: 2, gaps: 1, read: 50, added: 9, changed: 1 });
  expect(asked).toEqual([]);
});

it('counts what a worker stored that ended before it could say so', async () => {
  const counts = await countsOfSlice(chain, 10, { ...report, head: 14, windows: 1, gaps: 0 });
  expect(asked).toEqual([11, 12, 13, 14]);
  expect(counts).toEqual({ windows: 2, gaps: 1, read: 80, added: 29, changed: 3 });
});
