import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PrismaPg } from '@prisma/adapter-pg'
import { ColumnTypeEnum } from '@prisma/driver-adapter-utils'
import type pg from 'pg'
import { EVERYTHING, PRISMA_DIRECTORY, withSchemaEngine } from '../src/database/schema-engine.js'

/**
 * The SQL that leads from a database's schema to that of schema.prisma; empty when they agree. Checks and triggers,
 * which Prisma does not know, are left alone.
 */
export async function differenceToSchema(databaseUrl: string): Promise<string> {
  const files = [{ path: 'schema.prisma', content: await readFile(join(PRISMA_DIRECTORY, 'schema.prisma'), 'utf8') }]
  const { exitCode, stdout } = await withSchemaEngine(
    databaseUrl,
    engine =>
      engine.diff({
        from: { tag: 'schemaDatasource', files, configDir: PRISMA_DIRECTORY },
        to: { tag: 'schemaDatamodel', files },
        script: true,
        exitCode: true,
        filters: EVERYTHING,
      }),
    CataloguePg,
  )
  return exitCode === 0 ? '' : (stdout ?? '')
}

// Numbers of PostgreSQL's types.
const CHAR = 18
const TEXT = 25

/** PostgreSQL's catalogue has columns of the type "char", which Prisma's adapter refuses: they are handed through here. */
class CataloguePg extends PrismaPg {
  override async connect() {
    const adapter = await super.connect()
    const pool = adapter.underlyingDriver()
    const query = pool.query.bind(pool) as (config: pg.QueryArrayConfig) => Promise<pg.QueryArrayResult>
    const queryRaw = adapter.queryRaw.bind(adapter)
    // The engine asks one question at a time.
    let isChar: boolean[] = []
    pool.query = (async (config: pg.QueryArrayConfig) => {
      const result = await query(config)
      isChar = result.fields.map(field => field.dataTypeID === CHAR)
      for (const field of result.fields) if (field.dataTypeID === CHAR) field.dataTypeID = TEXT
      return result
    }) as unknown as typeof pool.query
    adapter.queryRaw = async question => {
      const result = await queryRaw(question)
      const types = result.columnTypes.map((type, index) => (isChar[index] ? ColumnTypeEnum.Character : type))
      return { ...result, columnTypes: types }
    }
    return adapter
  }
}
