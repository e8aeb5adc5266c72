import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { LONGEST_URL } from '../../core/text.js'
import { BUILDKITE_RUN_KEY } from '../runner/buildkite.runner.js'
import { observeBuildkiteBuild } from '../runner/buildkite-build.rules.js'
import { LONGEST_TOKEN, type ProviderEvent } from './provider-event.js'

const NullableTime = Type.Optional(Type.Union([Type.String(), Type.Null()]))

/** What is read of Buildkite's `build.*` events: https://buildkite.com/docs/apis/webhooks/pipelines/build-events */
const BuildEvent = Compile(
  Type.Object({
    build: Type.Object({
      number: Type.Integer(),
      state: Type.String(),
      blocked: Type.Optional(Type.Boolean()),
      web_url: Type.String(),
      created_at: Type.String(),
      started_at: NullableTime,
      finished_at: NullableTime,
      meta_data: Type.Optional(Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()])),
    }),
    pipeline: Type.Object({ url: Type.String({ maxLength: LONGEST_URL }) }),
  }),
)

/** Reads the body of a `build.*` event; null when it is none. Its state may be later than the event's name says. */
export function readBuildkiteEvent(body: unknown): ProviderEvent | null {
  if (!BuildEvent.Check(body)) return null
  const { build, pipeline } = body
  const [, organization, slug] = /\/organizations\/([^/]+)\/pipelines\/([^/]+)$/.exec(pipeline.url) ?? []
  const observation = observeBuildkiteBuild(build)
  if (organization === undefined || Number.isNaN(observation?.at.getTime() ?? 0)) return null
  const key = build.meta_data?.[BUILDKITE_RUN_KEY]
  return {
    runner: 'BUILDKITE',
    scope: `${organization}/${slug}`.toLowerCase(),
    externalId: String(build.number),
    observation,
    tokens: typeof key === 'string' && key.length <= LONGEST_TOKEN ? [key] : [],
  }
}
