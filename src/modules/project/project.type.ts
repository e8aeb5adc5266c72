import { GraphQLDateTime } from 'graphql-scalars'
import { Field, ObjectType } from 'type-graphql'
import { Node } from '../node/node.type.js'
import { connectionOf } from '../pagination/connection.type.js'
import { RepositoryHost } from '../repository/repository-host.type.js'

@ObjectType({
  implements: Node,
  description: 'A release project: software that is built and deployed together.',
  simpleResolvers: true,
})
export class Project implements Node {
  id!: string

  @Field(() => String, { description: 'Unique and case-sensitive.' })
  name!: string

  @Field(() => String, { description: '`org/repo_name`. Never changes.' })
  repository!: string

  @Field(() => RepositoryHost, { description: 'Where the repository lives.' })
  repositoryHost!: RepositoryHost

  @Field(() => GraphQLDateTime, { description: 'When the project was created.' })
  createdAt!: Date
}

@ObjectType({ description: 'What `createProject` answers.', simpleResolvers: true })
export class CreateProjectPayload {
  @Field(() => Project, { description: 'The new project.' })
  project!: Project
}

@ObjectType({ description: 'What `updateProject` answers.', simpleResolvers: true })
export class UpdateProjectPayload {
  @Field(() => Project, { description: 'The project as it is now.' })
  project!: Project
}

export const ProjectConnection = connectionOf('Project', () => Project)
