import Type, { type Static, type TSchema } from 'typebox'
import { LONGEST_TEXT } from '../core/text.js'

const Nullable = <Schema extends TSchema>(schema: Schema, type: string) =>
  Type.Unsafe<Static<Schema> | null>({ ...schema, type: [type, 'null'] })

const NullableString = (description: string) => Nullable(Type.String({ description }), 'string')
const Time = (description: string) => Type.Unsafe<Date>({ type: 'string', format: 'date-time', description })
const NullableTime = (description: string) =>
  Type.Unsafe<Date | null>({ type: ['string', 'null'], format: 'date-time', description })

/** A word of a fixed set, in lower case as REST has it. */
export const Word = (words: readonly string[], description: string) =>
  Type.Unsafe<string>({ type: 'string', enum: words.map(word => word.toLowerCase()), description })

/** What a word of such a set is called in GraphQL. The request's schema lets no other word through. */
export function ofWord<Name extends string>(names: readonly Name[], word: string): Name {
  const name = names.find(known => known.toLowerCase() === word)
  if (name === undefined) throw new Error(`The word ${word} was let through`)
  return name
}

/** A text of a body. Whether it is a good one is the services' to say. */
export const Text = (description: string) => Type.String({ description, maxLength: LONGEST_TEXT })

export const OptionalText = (description: string, maxLength = LONGEST_TEXT) =>
  Type.Optional(Nullable(Type.String({ description, maxLength }), 'string'))
export const OptionalTime = (description: string) =>
  Type.Optional(Type.Unsafe<string | null>({ type: ['string', 'null'], format: 'date-time', description }))

/** Workflow files write it with and without quotes. */
export const WorkflowRunId = Type.Unsafe<string | number>({
  type: ['string', 'integer'],
  maxLength: LONGEST_TEXT,
  description: 'GitHub’s number of the run',
})

/** The headers of a request that may be repeated. */
export const RepeatableHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({ description: 'The same request with the same key gets the first answer again for 24 hours' }),
  ),
})

export const CandidateSchema = (statuses: readonly string[]) =>
  Type.Object(
    {
      id: Type.String({ description: 'Global ID, as in GraphQL' }),
      project_name: Type.String(),
      release_version: Type.String(),
      release_candidate_version: Type.String(),
      repo: Type.String({ description: 'org/repo_name' }),
      commit: Type.String({ description: 'Full SHA, lower case' }),
      status: Word(statuses, 'Build status'),
      actor: Type.String({ description: 'Subject of the token that cut it' }),
      created_at: Time('When it was cut'),
    },
    { title: 'ReleaseCandidate' },
  )

export const DeploymentSchema = (statuses: readonly string[]) =>
  Type.Object(
    {
      id: Type.String({ description: 'Global ID, as in GraphQL' }),
      project_name: Type.String(),
      environment_name: Type.String(),
      release_version: Type.String(),
      release_candidate_version: Type.String(),
      from_release_version: NullableString('What the environment ran when the deployment was created'),
      from_release_candidate_version: NullableString('What the environment ran when the deployment was created'),
      status: Word(statuses, 'Deployment status'),
      actor: Type.String({ description: 'Subject of the token that created it' }),
      error_message: NullableString('What went wrong'),
      external_url: NullableString('Where the run can be watched'),
      deploy_start_at: Time('When it was created'),
      deploy_end_at: NullableTime('When it got the finished status it has'),
    },
    { title: 'Deployment' },
  )

/** The shape of every error answer. */
export const ErrorSchema = Type.Object(
  {
    error: Type.String({ description: 'What went wrong' }),
    code: Type.Optional(Type.String({ description: 'The same as `extensions.reason` in GraphQL' })),
    details: Type.Optional(Type.String({ description: 'What would have been right' })),
    request_id: Type.Optional(Type.String({ description: 'Finds the request in the log of the server' })),
  },
  { title: 'Error' },
)
