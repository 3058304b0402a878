import { defineConfig } from 'vitest/config';

// two files at a time: by default a machine with two cores would run one, and leave a core idle
const shared = { pool: 'forks' as const, globals: false, restoreMocks: true, maxWorkers: 2 };
const withPostgres = { ...shared, globalSetup: ['test/support/start-postgres.ts'] };

// fast: pure code, no services, part of `npm run check`. host, simulator: the local stack by itself.
// storage: Azurite and folders. database: embedded PostgreSQL.
// end-to-end: PostgreSQL, simulator and functions host together.
// endurance: long runs of random kills and every fault, `npm run test:endurance` only.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'fast',
          include: ['test/{architecture,unit,contract}/**/*.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          ...shared,
          name: 'host',
          include: ['test/functions-host/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...shared,
          name: 'simulator',
          include: ['test/graph-simulator/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...shared,
          name: 'storage',
          globalSetup: ['test/support/start-azurite.ts'],
          include: ['test/storage/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...withPostgres,
          name: 'database',
          include: ['test/database/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...withPostgres,
          name: 'end-to-end',
          include: ['test/end-to-end/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          ...withPostgres,
          name: 'endurance',
          include: ['test/endurance/**/*.test.ts'],
          testTimeout: 1_200_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
