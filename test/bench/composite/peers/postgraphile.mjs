import { createServer } from 'node:http'
import { PgSimplifyInflectionPreset } from '@graphile/simplify-inflection'
import { grafserv } from 'grafserv/node'
import { postgraphile } from 'postgraphile'
import { makePgService } from 'postgraphile/adaptors/pg'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { PostGraphileConnectionFilterPreset } from 'postgraphile-plugin-connection-filter'

// PostGraphile as its documentation sets it up for production: the Amber preset on Node's own HTTP server, prepared
// statements, and nothing that is for development alone.

const instance = postgraphile({
  extends: [PostGraphileAmberPreset, PgSimplifyInflectionPreset, PostGraphileConnectionFilterPreset],
  pgServices: [makePgService({ connectionString: process.env.DATABASE_URL, schemas: ['public'], poolSize: 10 })],
  // It would hide relations whose foreign keys are only in part the beginning of an index, as ours of two columns are.
  disablePlugins: ['PgIndexBehaviorsPlugin'],
  gather: { installWatchFixtures: false },
  grafast: { explain: false },
  grafserv: { watch: false, graphiql: false, graphqlOverGET: false },
})
const server = createServer()
await instance.createServ(grafserv).addTo(server)
if (process.argv.includes('--schema')) {
  const { printSchema } = await import('graphql')
  console.log(printSchema((await instance.getSchema()).valueOf()))
  process.exit()
}
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/graphql`))
