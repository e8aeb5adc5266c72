import { createHash } from 'node:crypto'
import DataLoader from 'dataloader'
import { type GraphQLSchema, OperationTypeNode, printSchema } from 'graphql'
import type { Actor } from '../core/actor.js'
import { isStorable } from '../core/storable-text.js'
import { Prisma } from '../database/generated/client.js'
import type { SqlReader } from '../database/transaction.js'
import type { Operation } from './operation.js'

// A poll whose answer has not changed is answered without looking for the answer. The entity tag (RFC 9110, section
// 8.8.3) of an answer says which projects it was made of, which question it answers and whom, and which version the
// projects had: `W/"<projects>.<question>.<version>"`. When it comes back, all that is needed to judge it is in the
// request itself and in one cheap statement, on whichever replica.
//
// The tag is weak: what it promises is that the answer means the same.

/** A question that can be asked again: who asks, and the query string of the URL. */
export interface Question {
  readonly actor: Actor
  readonly search: string
}

/** The names of the projects that an answer may be made of; null: all that the actor may see. */
type Scope = readonly string[] | null

/** A poll may name this many tags, which are judged with one statement. */
const MOST_TAGS = 10

/** So many names fit into a header well. */
const LARGEST_SCOPE = 20

/** Makes and judges the entity tags of a schema's answers. */
export class EntityTags {
  /** Another schema gives other answers. */
  private readonly edition: string
  /** Reads the versions of all that is asked at the same time with one statement, however many poll. */
  private readonly versions: DataLoader<ProjectSet, string>

  constructor(schema: GraphQLSchema, reader: SqlReader) {
    this.edition = digest(printSchema(schema))
    // While one statement is under way, those who ask gather for the next.
    let underWay: Promise<unknown> = Promise.resolve()
    const read = (asked: readonly ProjectSet[]) => {
      const versions = readVersions(reader, asked)
      underWay = versions.catch(() => {})
      return versions
    }
    const afterwards = (next: () => void) => void underWay.then(() => setImmediate(next))
    this.versions = new DataLoader(read, { cache: false, batchScheduleFn: afterwards })
  }

  /** Prepares the tag of an operation's answer; null when it can have none. */
  of(operation: Operation, question: Question): AnswerTag | null {
    const scope = scopeOf(operation)
    if (scope === undefined) return null
    return {
      version: versionOf(namesOf(scope, question.actor)),
      write: version => this.write(question, scope, version),
    }
  }

  /** The first of the tags of an `If-None-Match` that is still right; null when none is. */
  async unchanged(question: Question, ifNoneMatch: string): Promise<string | null> {
    const tags = [...ifNoneMatch.matchAll(/W\/"([\w*-]+)\.[\w-]+\.[\d-]+"/g)]
    // Whoever names more than a cache has of one answer gets the answer in full.
    if (tags.length > MOST_TAGS) return null
    const judged = await Promise.all(
      tags.map(async ([asked, names = '']) => {
        const scope = readScope(names)
        if (scope === undefined) return null
        const version = await this.versions.load({ names: namesOf(scope, question.actor) })
        return asked === this.write(question, scope, version) ? asked : null
      }),
    )
    return judged.find(asked => asked !== null) ?? null
  }

  private write({ actor, search }: Question, scope: Scope, version: string): string {
    const { subject, role, projects } = actor
    const question = digest(JSON.stringify([this.edition, search, subject, role, projects && [...projects]]))
    return `W/"${writeScope(scope)}.${question}.${version}"`
  }
}

/** The tag that an answer is to get. */
export interface AnswerTag {
  /** To be read together with the answer, so that it is the version of what the answer was made of. */
  readonly version: Prisma.Sql
  write(version: string): string
}

/** Undefined when the answer is made of something else than projects. */
function scopeOf({ node, fields }: Operation): Scope | undefined {
  if (node.operation !== OperationTypeNode.QUERY) return undefined
  if (fields.some(({ name }) => name === 'projects' || name === 'node')) return null
  const names = new Set(fields.filter(({ name }) => name === 'project').map(({ args }) => String(args['name'])))
  if (names.size === 0 || [...names].some(name => !isStorable(name))) return undefined
  return names.size > LARGEST_SCOPE ? null : [...names]
}

function writeScope(scope: Scope): string {
  return scope === null ? '*' : Buffer.from(JSON.stringify(scope)).toString('base64url')
}

/** Undefined for what was never written here. */
function readScope(text: string): Scope | undefined {
  if (text === '*') return null
  try {
    const names: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    return isNames(names) && names.length <= LARGEST_SCOPE ? names : undefined
  } catch {
    return undefined
  }
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(name => typeof name === 'string' && isStorable(name))
}

interface ProjectSet {
  readonly names: readonly string[] | null
}

/** The names of the projects whose versions count; null: of all that there are. */
function namesOf(scope: Scope, { projects }: Actor): readonly string[] | null {
  if (scope === null) return projects && [...projects]
  return projects === null ? scope : scope.filter(name => projects.has(name))
}

/**
 * The version of some projects together: how many there are, and the sum of their versions. A version is higher than all
 * before it, so that as many projects never have the same sum again after one of them has changed or was replaced.
 */
function versionOf(names: readonly string[] | null): Prisma.Sql {
  if (names === null) return Prisma.sql`(SELECT ${VERSION} FROM ${CHANGES})`
  return Prisma.sql`(SELECT ${VERSION} FROM ${CHANGES} WHERE projects.name = ANY (${names}::text[]))`
}

const VERSION = Prisma.sql`count(*) || '-' || coalesce(sum(change.version), 0)`
const CHANGES = Prisma.sql`project_changes AS change JOIN projects ON projects.id = change.project_id`

/** The versions of several sets of projects; the text of the statement is always the same. */
async function readVersions(reader: SqlReader, asked: readonly ProjectSet[]): Promise<string[]> {
  const rows = await reader.$queryRaw<{ version: string }[]>(Prisma.sql`
    SELECT CASE
      WHEN asked.names IS NULL THEN (SELECT ${VERSION} FROM ${CHANGES})
      ELSE (
        SELECT ${VERSION} FROM unnest(asked.names) AS named (name)
        JOIN projects USING (name) JOIN project_changes AS change ON change.project_id = projects.id
      )
    END AS version
    FROM ROWS FROM (json_to_recordset(${JSON.stringify(asked)}::json) AS (names text[])) WITH ORDINALITY AS asked (names, place)
    ORDER BY asked.place`)
  return rows.map(({ version }) => version)
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}
