import { pino } from 'pino'
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js'

// Run as a process of its own: owns the PostgreSQL of a folder until it is killed, and prints its URL.
const { url } = await startEmbeddedPostgres(process.argv[2] ?? '', pino({ level: 'silent' }))
console.log(url)
setInterval(() => {}, 60_000)
