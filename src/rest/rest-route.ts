import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import type { Static, TObject, TSchema } from 'typebox'

/** What a REST request brought, checked against the route's schemas. */
export interface RestRequest<Params extends TSchema, Query extends TSchema, Body extends TSchema> {
  readonly params: Static<Params>
  readonly query: Static<Query>
  readonly body: Static<Body>
}

interface RestAnswer {
  readonly status: number
  readonly body: unknown
}

/** The schemas by which a request is checked and an answer is written; the OpenAPI description is made of them. */
interface RestSchemas<Params extends TSchema, Query extends TSchema, Body extends TSchema> {
  readonly params: Params
  readonly query: Query
  readonly body?: Body
  /** By HTTP status, of success. */
  readonly answers: Readonly<Record<number, TSchema>>
}

/**
 * A REST route: a typed GraphQL document, a mapper from the request to its variables, and one from its data to the
 * answer. It has no other way to read or change anything.
 */
export interface RestRoute<
  Data = unknown,
  Variables extends Record<string, unknown> = Record<string, unknown>,
  Params extends TSchema = TSchema,
  Query extends TSchema = TSchema,
  Body extends TSchema = TSchema,
> {
  readonly method: 'GET' | 'POST' | 'PATCH'
  readonly path: string
  readonly summary: string
  readonly schemas: RestSchemas<Params, Query, Body>
  readonly document: TypedDocumentNode<Data, Variables>
  variables(request: RestRequest<Params, Query, Body>): Variables
  answer(data: Data): RestAnswer
}

/** Declares a route; that its parts fit together is checked here, so that a table can hold routes of any kind. */
export function defineRoute<
  Data,
  Variables extends Record<string, unknown>,
  Params extends TObject,
  Query extends TObject,
  Body extends TObject,
>(route: RestRoute<Data, Variables, Params, Query, Body>): RestRoute {
  return route as unknown as RestRoute
}
