import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PrismaPg } from '@prisma/adapter-pg'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import type { MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm'
import { RenewablePool } from './renewable-pool.js'

/** The project's prisma/ folder, two levels above this file in src/ as well as in the compiled dist/. */
export const PRISMA_DIRECTORY = fileURLToPath(new URL('../../prisma/', import.meta.url))
const MIGRATIONS_DIRECTORY = join(PRISMA_DIRECTORY, 'migrations')

/** What no filter leaves out. */
export const EVERYTHING = { externalTables: [], externalEnums: [] }

interface EngineModule {
  readonly SchemaEngine: typeof SchemaEngine
  __wbg_set_wasm(exports: WasmExports): void
}

type WasmExports = Readonly<Record<string, unknown>>

/** What is used of the WebAssembly API, which the types of Node.js leave out. */
interface WasmApi {
  instantiate(binary: Uint8Array, imports: Record<string, object>): Promise<{ instance: { exports: WasmExports } }>
}

let loading: Promise<EngineModule> | undefined

/**
 * Works with Prisma's schema engine on a database. It is the engine of the Prisma CLI compiled to WebAssembly: the CLI
 * itself would download a binary first, which closed networks refuse.
 */
export async function withSchemaEngine<Result>(
  databaseUrl: string,
  work: (engine: SchemaEngine) => Promise<Result>,
  Adapter: typeof PrismaPg = ScriptingPg,
): Promise<Result> {
  loading ??= loadEngine()
  const { SchemaEngine } = await loading
  const pool = new RenewablePool(databaseUrl, 'migrations', 'slipway-migrations', { max: 1 })
  try {
    const adapter = bindMigrationAwareSqlAdapterFactory(new Adapter(pool))
    const engine = await SchemaEngine.new({ datamodels: undefined }, () => {}, adapter)
    try {
      return await work(engine)
    } finally {
      engine.free()
    }
  } finally {
    // The engine leaves its connections open.
    await pool.end()
  }
}

/**
 * Prisma's adapter cuts a script at every semicolon, which breaks the bodies of functions, and runs the parts one by
 * one. This one hands the script to PostgreSQL as it is, which runs all of it or nothing.
 */
class ScriptingPg extends PrismaPg {
  override async connect() {
    const adapter = await super.connect()
    adapter.executeScript = async script => {
      await adapter.underlyingDriver().query(script)
    }
    return adapter
  }
}

/** Reads prisma/migrations/, in the order in which the migrations are applied. */
export async function readMigrations(): Promise<MigrationList> {
  const entries = await readdir(MIGRATIONS_DIRECTORY, { withFileTypes: true })
  const names = entries.filter(entry => entry.isDirectory()).map(entry => entry.name)
  const lockfile = 'migration_lock.toml'
  return {
    baseDir: MIGRATIONS_DIRECTORY,
    lockfile: { path: lockfile, content: await readFile(join(MIGRATIONS_DIRECTORY, lockfile), 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: await Promise.all(
      names.sort().map(async name => {
        const content = await readFile(join(MIGRATIONS_DIRECTORY, name, 'migration.sql'), 'utf8')
        return { path: name, migrationFile: { path: 'migration.sql', content: { tag: 'ok' as const, value: content } } }
      }),
    ),
  }
}

/** The package expects a bundler that imports `.wasm` files; Node.js does not, so the two halves are joined here. */
async function loadEngine(): Promise<EngineModule> {
  const glue = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg')
  const engine = (await import('@prisma/schema-engine-wasm/schema_engine_bg')) as unknown as EngineModule
  const binary = await readFile(join(dirname(glue), 'schema_engine_bg.wasm'))
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WasmApi }
  const { instance } = await WebAssembly.instantiate(binary, { './schema_engine_bg.js': engine })
  engine.__wbg_set_wasm(instance.exports)
  const start = instance.exports['__wbindgen_start']
  if (typeof start !== 'function') throw new Error('The schema engine cannot be started')
  start()
  return engine
}
