import { defineConfig } from 'vitest/config'

export default defineConfig({
  // `graphql` ships two builds; a schema made with one is refused by the other. The tests take the one that Node takes.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/global-setup.ts',
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // What a worker does is waited for; a busy machine takes its time.
    expect: { poll: { timeout: 10_000 } },
  },
})
