import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const SRC = fileURLToPath(new URL('../src', import.meta.url))

/** The layers from the lowest on: each may import itself and what is below it. */
const LAYERS = [
  'core',
  'database',
  'jobs',
  'modules',
  'graphql',
  'rest',
  'server',
  'app.ts',
  'demo',
  'main.ts',
  'worker.ts',
  'token.ts',
]

interface Import {
  readonly from: string
  readonly to: string
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8')
  const from = relative(SRC, file)
  return [...text.matchAll(/(?:from|import)\s*\(?'(\.[^']+)'/g)].map(([, path = '']) => ({
    from,
    to: relative(SRC, join(dirname(file), path.replace(/\.js$/, '.ts'))),
  }))
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts') && !name.includes('generated'))
  .map(name => join(SRC, name))
const imports = files.flatMap(importsOf)
const layerOf = (path: string) => LAYERS.indexOf(path.split('/')[0] ?? '')
const moduleOf = (path: string) => path.split('/').slice(0, 2).join('/')

test('imports go down the layers, never up', () => {
  expect(imports.length).toBeGreaterThan(100)
  expect(imports.filter(({ from, to }) => layerOf(from) < 0 || layerOf(to) < 0)).toEqual([])
  expect(imports.filter(({ from, to }) => layerOf(to) > layerOf(from))).toEqual([])
})

test('a type file imports no other noun’s', () => {
  const shared = ['modules/node', 'modules/pagination', 'modules/reading', 'modules/repository']
  const wrong = imports.filter(
    ({ from, to }) =>
      from.endsWith('.type.ts') &&
      to.startsWith('modules/') &&
      moduleOf(to) !== moduleOf(from) &&
      !shared.includes(moduleOf(to)),
  )
  expect(wrong).toEqual([])
})

test('rules know neither the database nor a framework', () => {
  const wrong = files
    .filter(file => /(\.rules|\.gates?|\/judge|\/verdict)\.ts$/.test(file))
    .filter(file =>
      /from '(type-graphql|fastify|@apollo|@prisma|.*(service|store|client|transaction)\.js)/.test(
        readFileSync(file, 'utf8'),
      ),
    )
  expect(wrong).toEqual([])
})

test('REST routes and resolvers leave the database to services', () => {
  const wrong = imports.filter(
    ({ from, to }) =>
      (from.startsWith('rest/') || from.endsWith('.resolver.ts')) && /^database\/(?!generated)/.test(to),
  )
  expect(wrong).toEqual([])
})
