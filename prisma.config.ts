import { defineConfig } from 'prisma/config'

// The Prisma CLI downloads a schema engine the first time it runs, from a host that closed networks do not reach.
// `generate`, `validate` and `format` never start that engine, so naming any existing file here spares the download.
// Migrations are applied by the server itself (src/database/migrations.ts), with the same engine as WebAssembly.
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= process.execPath

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
})
