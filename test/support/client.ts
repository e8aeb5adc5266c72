/** What a REST call was answered. */
export interface RestAnswer<Body = Record<string, unknown>> {
  readonly status: number
  readonly headers: Headers
  readonly body: Body
}

/** What a GraphQL request was answered. */
interface GraphQLAnswer<Data> {
  readonly status: number
  readonly data: Data
  /** What it may have cost at most. */
  readonly cost: number | undefined
  readonly errors: readonly { readonly message: string; readonly extensions: Readonly<Record<string, unknown>> }[]
}

/** Speaks to a server as pipelines and dashboards do. */
export interface Client {
  rest<Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<RestAnswer<Body>>
  graphql<Data>(query: string, variables?: object): Promise<GraphQLAnswer<Data>>
  /** The data of a request that must succeed. */
  query<Data>(query: string, variables?: object): Promise<Data>
}

export function createClient(url: string, token: string | null): Client {
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` }
  const graphql = async <Data>(query: string, variables: object = {}): Promise<GraphQLAnswer<Data>> => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...authorization },
      body: JSON.stringify({ query, variables }),
    })
    const {
      data,
      errors = [],
      extensions,
    } = (await response.json()) as {
      data: Data
      errors?: GraphQLAnswer<Data>['errors']
      extensions?: { cost?: { requested: number } }
    }
    return { status: response.status, data, errors, cost: extensions?.cost?.requested }
  }
  return {
    graphql,
    query: async <Data>(query: string, variables?: object) => {
      const { data, errors } = await graphql<Data>(query, variables)
      if (errors.length > 0) throw new Error(JSON.stringify(errors))
      return data
    },
    rest: async <Body>(
      method: string,
      path: string,
      body?: unknown,
      headers: Readonly<Record<string, string>> = {},
    ) => {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { ...authorization, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      return { status: response.status, headers: response.headers, body: (await response.json()) as Body }
    },
  }
}
