import { writeFileSync } from 'node:fs'
import { createSchema, describeSchema } from './schema.js'

// Entry point of `npm run schema`.
writeFileSync(new URL('../../schema/schema.graphql', import.meta.url), describeSchema(createSchema()))
