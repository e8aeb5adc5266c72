import { Field, ObjectType, registerEnumType } from 'type-graphql'
import { EnvironmentTier } from '../../database/generated/enums.js'
import { Node } from '../node/node.type.js'

registerEnumType(EnvironmentTier, {
  name: 'EnvironmentTier',
  description: 'What an environment is for, in promotion order.',
  valuesConfig: {
    DEVELOPMENT: { description: 'For those who build it.' },
    STAGING: { description: 'For those who try it before it goes out.' },
    PRODUCTION: { description: 'For those it is made for.' },
  },
})

@ObjectType({ implements: Node, description: 'A place a project is deployed to.', simpleResolvers: true })
export class Environment implements Node {
  id!: string

  @Field(() => String, { description: 'Unique within its project and case-sensitive.' })
  name!: string

  @Field(() => EnvironmentTier, { description: 'What it is for.' })
  tier!: EnvironmentTier
}

@ObjectType({ description: 'What `createEnvironment` answers.', simpleResolvers: true })
export class CreateEnvironmentPayload {
  @Field(() => Environment, { description: 'The new environment.' })
  environment!: Environment
}

@ObjectType({ description: 'What `updateEnvironment` answers.', simpleResolvers: true })
export class UpdateEnvironmentPayload {
  @Field(() => Environment, { description: 'The environment as it is now.' })
  environment!: Environment
}

@ObjectType({ description: 'What `resumeEnvironment` answers.', simpleResolvers: true })
export class ResumeEnvironmentPayload {
  @Field(() => Environment, { description: 'The environment as it is now.' })
  environment!: Environment
}
