import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** Each of them takes up to 50 connections to the database: of the tests' own it has 300, of another one by default 100. */
const MOST_WORKERS = process.env['TEST_DATABASE_URL'] === undefined ? 5 : 1

export default defineConfig({
  // `graphql` ships two builds; a schema made with one is refused by the other. The tests take the one that Node takes.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    maxWorkers: Math.min(MOST_WORKERS, availableParallelism()),
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/global-setup.ts',
    setupFiles: 'test/support/forget-environment.ts',
    // No test goes by these: they end what will never come about, on the slowest machine.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    teardownTimeout: 600_000,
    expect: { poll: { timeout: 120_000 } },
  },
})
