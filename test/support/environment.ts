import { tmpdir } from 'node:os'

/** What programs cannot do without. */
const NEEDED = ['PATH', 'TMPDIR']
/** What the runner of the tests and the tests themselves are told by. */
const OF_TESTS = /^(VITEST|TINYPOOL|TEST|NODE_ENV$|DEV$|PROD$|MODE$|SSR$|BASE_URL$|CASES$|HISTORIES$|ORACLE_)/

/**
 * The environment of the programs that tests start: nothing of what whoever runs the tests has set for Slipway,
 * PostgreSQL, git, curl, npm or Node.js.
 */
export function cleanEnvironment(): Record<string, string> {
  const needed = NEEDED.flatMap(name => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    ...Object.fromEntries(needed),
    // The user's settings are elsewhere.
    HOME: tmpdir(),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    npm_config_logs_max: '0',
    npm_config_update_notifier: 'false',
  }
}

/** Has this process forget the same, in which database clients and git are, too. */
export function forgetEnvironment(): void {
  const clean = cleanEnvironment()
  for (const name of Object.keys(process.env)) {
    if (!OF_TESTS.test(name) && !(name in clean)) delete process.env[name]
  }
  Object.assign(process.env, clean)
}
