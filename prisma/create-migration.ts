import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { startEmbeddedPostgres } from '../src/database/embedded-postgres.js'
import { migrate } from '../src/database/migrations.js'
import { PRISMA_DIRECTORY } from '../src/database/schema-engine.js'
import { differenceToSchema } from './schema-difference.js'

// Entry point of `npm run migration -- <name>`: writes what leads from the migrations to schema.prisma as a new one.

const [name] = process.argv.slice(2)
if (name === undefined || !/^[a-z0-9_]+$/.test(name)) {
  console.error('Usage: npm run migration -- <name in lower_case>')
  process.exit(1)
}
const log = pino({ level: 'warn' })
const dataDir = await mkdtemp(join(tmpdir(), 'slipway-migration-'))
const postgres = await startEmbeddedPostgres(dataDir, log)
try {
  await migrate(postgres.url, log)
  const script = await differenceToSchema(postgres.url)
  if (script === '') {
    console.log('schema.prisma and the migrations agree: there is nothing to do.')
  } else {
    const timestamp = new Date().toISOString().replaceAll(/\D/g, '').slice(0, 14)
    const directory = join(PRISMA_DIRECTORY, 'migrations', `${timestamp}_${name}`)
    await mkdir(directory)
    await writeFile(join(directory, 'migration.sql'), script)
    console.log(`Written to ${directory}. Read it, and add what Prisma has no word for.`)
  }
} finally {
  await postgres.stop()
  await rm(dataDir, { recursive: true, force: true })
}
