import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient } from '../support/client.js'
import { cleanEnvironment } from '../support/environment.js'
import { createGitRepository, type GitRepository } from '../support/git-repository.js'
import { runCommand, type ServerProcess, startServer } from '../support/server-process.js'

const README = new URL('../../README.md', import.meta.url)
let blocks: { language: string; text: string }[]
let repository: GitRepository
let dataDir: string
let server: ServerProcess

beforeAll(async () => {
  const readme = await readFile(README, 'utf8')
  blocks = [...readme.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({ language, text }))
  dataDir = await mkdtemp(join(tmpdir(), 'slipway-readme-'))
  repository = await createGitRepository()
  server = await startServer({ DATA_DIR: dataDir, ALLOW_FILE_REPOSITORIES: 'true' })
})
afterAll(async () => {
  await server.end('SIGTERM')
  await repository.remove()
  await rm(dataDir, { recursive: true, force: true })
})

/** The README's commands stand for a server, a repository and a commit of the reader's. */
function asOurs(command: string, commit: string, token: string): string {
  return command
    .replaceAll('http://127.0.0.1:4000', server.url)
    .replaceAll('https://git.example.com/acme/shop.git', repository.cloneUrl)
    .replaceAll('4f0c2d1', commit)
    .replaceAll('$TOKEN', token)
}

test('the commands of the README work in the order in which they stand there', async () => {
  const commit = (await repository.commit('first')).slice(0, 7)
  const commands = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text.trim())
  const [, makeToken = ''] = /^TOKEN=\$\((.*)\)$/m.exec(commands.join('\n')) ?? []
  const token = (await runCommand(makeToken, { DATA_DIR: dataDir })).stdout.trim()
  expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
  const calls = commands.filter(command => command.startsWith('curl'))
  expect(calls).toHaveLength(5)
  const answers: object[] = []
  for (const call of calls) answers.push(JSON.parse((await runCommand(asOurs(call, commit, token))).stdout))
  expect(answers).toMatchObject([
    { data: { createProject: {}, createEnvironment: {} } },
    { release_candidate_version: 'v1.4.0-rc1', status: 'ready' },
    { environment_name: 'production', status: 'pending' },
    { environment_name: 'production', status: 'success', external_url: 'https://ci.example.com/runs/1' },
    {
      data: {
        updateEnvironment: {
          environment: {
            deployWorkflow: {
              parameters: [{ name: 'aviator_deployment_id', value: '${deployment.id}' }, {}, {}],
              timeoutMinutes: 60,
            },
          },
        },
      },
    },
  ])

  const queries = blocks.filter(({ language }) => language === 'graphql').map(({ text }) => asOurs(text, commit, token))
  const found: object[] = []
  for (const query of queries) {
    // What is rolled back must have been deployed before.
    if (query.includes('rollbackEnvironment')) await succeed('v1.4.0-rc2', commit, token)
    found.push(await createClient(server.url, token).query(query))
  }
  const running = { name: 'production', currentDeployment: { actor: 'me' } }
  const stages = [{ environment: { name: 'production' }, isCurrent: true }]
  expect(found).toMatchObject([
    { project: { environments: [{ ...running, current: { version: 'v1.4.0-rc1' } }] } },
    { projects: { nodes: [{ name: 'shop', environments: [{ ...running, activeDeployments: { nodes: [] } }] }] } },
    {
      project: {
        environment: { deployments: { totalCount: 1 } },
        release: { stages },
        commit: { candidates: [{ version: 'v1.4.0-rc1' }], stages },
      },
    },
    { createEnvironment: {}, updateEnvironment: {} },
    {
      createFreeze: { freeze: { nextWindow: { startsAt: expect.stringMatching(/T17:00:00.000Z$|T16:00:00.000Z$/) } } },
    },
    {
      project: {
        environment: {
          canDeploy: {
            allowed: false,
            downgrade: false,
            gates: [{ gate: 'BUILD', state: 'OPEN' }, {}, {}, {}, {}, {}],
          },
          activeDeployments: { nodes: [] },
          hold: null,
        },
      },
    },
    {
      rollbackEnvironment: {
        deployment: {
          kind: 'ROLLBACK',
          isForced: true,
          candidate: { version: 'v1.4.0-rc1' },
          undoes: { candidate: { version: 'v1.4.0-rc2' } },
        },
      },
    },
  ])

  const limited = commands.find(command => command.includes('--project shop')) ?? ''
  const { stdout } = await runCommand(limited, { DATA_DIR: dataDir })
  const viewer = await createClient(server.url, stdout.trim()).query('{ viewer { subject role projects } }')
  expect(viewer).toEqual({ viewer: { subject: 'shop-pipeline', role: 'DEPLOYER', projects: ['shop'] } })
})

/** Cuts a candidate and has it succeed in production. */
async function succeed(version: string, commit: string, token: string): Promise<void> {
  const client = createClient(server.url, token)
  await client.rest('POST', `/api/releases/shop/releases/${version}`, { repo: 'acme/shop', commit })
  await client.rest('PATCH', '/api/releases/shop/environments/production/deployments', {
    release_candidate_version: version,
    status: 'success',
  })
}

test('every command that the README names is a script of package.json', async () => {
  const { scripts } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
  const readme = await readFile(README, 'utf8')
  const named = [...readme.matchAll(/npm run (?:--silent )?([a-z]+)/g)].map(([, name = '']) => name)
  expect(named.length).toBeGreaterThan(5)
  for (const name of [...named, 'start', 'test']) expect(scripts, name).toHaveProperty(name)
})

test.each([
  [[], /--subject is missing/],
  [['--subject', 'x', '--role', 'root'], /--role must be one of viewer, deployer, approver, admin/],
  [['--subject', 'x', '--role', 'admin', '--expires', 'never'], /--expires must be like 30d, 12h or 15m/],
  [['--moon'], /Unknown option '--moon'/],
])('making a token with %o is explained', async (args, message) => {
  const command = `node dist/token.js ${args.join(' ')}`
  await expect(runCommand(command, { DATA_DIR: dataDir })).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(message),
  })
})

test('the demo tells its story, keeps serving and cleans up after itself', async () => {
  const main = fileURLToPath(new URL('../../dist/demo/main.js', import.meta.url))
  const folder = await mkdtemp(join(tmpdir(), 'slipway-demo-test-'))
  const env = { ...cleanEnvironment(), PORT: '0', TMPDIR: folder }
  const demo = spawn(process.execPath, [main, '--pace', '0'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  let told = ''
  for await (const chunk of demo.stdout) {
    told += chunk
    if (/administrator \(in GraphiQL.*\n\n\S+\n/.test(told)) break
  }
  expect([...told.matchAll(/^← (\d+)/gm)].map(([, status]) => status)).toEqual(
    '200 200 201 200 409 201 201 200 201 201 200 200 201 201 201 200 200 200'.split(' '),
  )
  const [, url = ''] = /GraphiQL +(\S+)\/graphiql/.exec(told) ?? []
  const [, token = ''] = /\n\n(\S+)\n\s*$/.exec(told) ?? []
  // The last deployment is on its way when the story ends, and arrives by itself.
  const client = createClient(url, token)
  const question = '{ project(name: "shop") { environments { name current { version } } } }'
  await expect
    .poll(() => client.query(question))
    .toEqual({
      project: {
        environments: [
          { name: 'development', current: { version: 'v1.0.0-rc1' } },
          { name: 'staging', current: { version: 'v1.1.0-rc2' } },
          { name: 'production', current: { version: 'v1.1.0-rc2' } },
        ],
      },
    })
  demo.kill('SIGINT')
  expect(await once(demo, 'exit')).toEqual([0, null])
  // Nothing of it is left: the folder is empty and can be removed as such.
  await expect(runCommand(`rmdir ${folder}`)).resolves.toBeDefined()
})
