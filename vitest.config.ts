import { defineConfig } from 'vitest/config'

export default defineConfig({
  // `graphql` ships two builds; a schema made with one is refused by the other. The tests take the one that Node takes.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
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
