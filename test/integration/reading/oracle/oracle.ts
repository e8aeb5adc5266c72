import { readFileSync } from 'node:fs'
import {
  buildSchema,
  type DocumentNode,
  type ExecutionResult,
  executeSync,
  GraphQLError,
  type GraphQLField,
  type GraphQLObjectType,
  GraphQLScalarType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isObjectType,
} from 'graphql'
import { GraphQLDateTime } from 'graphql-scalars'
import { buildReads, deploymentReads, trackingReads } from './reads/deployment.reads.js'
import { automationReads, environmentReads, GATES_READS, promotionReads } from './reads/environment.reads.js'
import { freezeReads } from './reads/freeze.reads.js'
import { CONNECTION_READS } from './reads/page.js'
import { candidateReads, commitReads, projectReads, releaseReads, stageReads } from './reads/project.reads.js'
import { queryReads } from './reads/query.reads.js'
import type { Asker, Reads } from './reads/read.js'
import { refusalOf } from './reads/refusals.js'
import type { Tables } from './tables.js'

const SCHEMA = new URL('../../../../schema/schema.graphql', import.meta.url)

/** A question as it is sent. */
export interface Question {
  readonly document: DocumentNode
  readonly variables: Readonly<Record<string, unknown>>
  readonly operationName?: string
}

/**
 * Answers questions as the reference implementation of GraphQL does, by plain reads of rows: one field of one object after
 * the other. Shares nothing with what it is compared with but the rules that are no part of reading.
 */
export class Oracle {
  readonly schema: GraphQLSchema
  /** How often each field, such as `Project.name`, was asked of an object. */
  private readonly asked = new Map<string, number>()
  /** How often it had a value then. */
  private readonly answered = new Map<string, number>()

  constructor(tables: Tables) {
    this.schema = buildSchema(readFileSync(SCHEMA, 'utf8'))
    // A schema that was read knows the name of a scalar, and not what is behind it.
    const dateTime = this.schema.getType('DateTime')
    if (!(dateTime instanceof GraphQLScalarType)) throw new Error('The schema has no DateTime')
    const { parseValue, parseLiteral } = GraphQLDateTime
    Object.assign(dateTime, { parseValue, parseLiteral, serialize: (time: Date) => time.toISOString() })
    const reads = readsOf(tables)
    for (const type of Object.values(this.schema.getTypeMap())) {
      if (isObjectType(type) && !type.name.startsWith('__')) this.give(type, reads[type.name] ?? {})
    }
  }

  answer({ document, variables, operationName }: Question, asker: Asker): ExecutionResult {
    const { schema } = this
    return executeSync({ schema, document, variableValues: variables, operationName, contextValue: asker })
  }

  /** How much is to be learned from asking for a field: what never had a value comes first. */
  readonly interestOf = (field: string): number =>
    1 / (1 + (this.answered.get(field) ?? 0) + (this.asked.get(field) ?? 0) / 10)

  /** The fields, of all types that queries lead to, that were never asked of an object. */
  get unasked(): string[] {
    return readableFields(this.schema).filter(field => !this.asked.has(field))
  }

  private give(type: GraphQLObjectType, reads: Reads<never>): void {
    for (const field of Object.values(type.getFields())) {
      field.resolve = (source, args, asker) => {
        const refusal = refusalOf(type, field, args)
        if (refusal !== null) throw new GraphQLError(refusal)
        const read = reads[field.name]
        const whole = read ? read(source as never, args as never, asker as Asker) : property(type, field, source)
        const value = beginning(whole, args)
        this.note(`${type.name}.${field.name}`, value)
        return value
      }
    }
  }

  private note(field: string, value: unknown): void {
    this.asked.set(field, (this.asked.get(field) ?? 0) + 1)
    if (value !== null) this.answered.set(field, (this.answered.get(field) ?? 0) + 1)
  }
}

/** How the fields of each type are read that are not simply a property of the object. */
function readsOf(tables: Tables): Readonly<Record<string, Reads<never>>> {
  return {
    Query: queryReads(tables),
    ProjectConnection: CONNECTION_READS,
    ReleaseConnection: CONNECTION_READS,
    DeploymentConnection: CONNECTION_READS,
    FreezeConnection: CONNECTION_READS,
    Project: projectReads(tables),
    ProjectCommit: commitReads(tables),
    Stage: stageReads(tables),
    Release: releaseReads(tables),
    ReleaseCandidate: candidateReads(tables),
    CandidateBuild: buildReads(tables),
    Environment: environmentReads(tables),
    Automation: automationReads(tables),
    Gates: GATES_READS,
    PromotionGate: promotionReads(tables),
    Deployment: deploymentReads(tables),
    Tracking: trackingReads(tables),
    Freeze: freezeReads(tables),
  }
}

/** Of a list without pages, as much as is asked for. */
function beginning(value: unknown, { first }: { readonly first?: number | null }): unknown {
  return Array.isArray(value) && first != null ? value.slice(0, first) : value
}

/** @throws Error for a field that the oracle has to be taught */
function property(
  { name: type }: GraphQLObjectType,
  { name }: GraphQLField<unknown, unknown>,
  source: unknown,
): unknown {
  const value = (source as Record<string, unknown>)[name]
  if (value === undefined) throw new Error(`The oracle cannot read ${type}.${name}`)
  return value
}

/** The fields of all types that queries lead to, such as `Project.name`. */
export function readableFields(schema: GraphQLSchema): string[] {
  const types = new Set([schema.getQueryType()])
  for (const type of types) {
    for (const field of Object.values(type?.getFields() ?? {})) {
      const answer = getNamedType(field.type)
      const possible = isAbstractType(answer) ? schema.getPossibleTypes(answer) : [answer]
      for (const one of possible.filter(isObjectType)) types.add(one)
    }
  }
  return [...types].flatMap(type => Object.keys(type?.getFields() ?? {}).map(name => `${type?.name}.${name}`))
}
