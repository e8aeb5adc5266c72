import { Field, ObjectType } from 'type-graphql'

@ObjectType({ description: 'An environment on the way of a release, or of a commit.' })
export class Stage {}

@ObjectType({ description: 'A commit of which a project has release candidates.', simpleResolvers: true })
export class ProjectCommit {
  @Field(() => String, { description: 'Full SHA, lower case.' })
  sha!: string
}
