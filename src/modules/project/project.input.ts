import { ArgsType, Field, InputType } from 'type-graphql'
import { LONGEST_URL } from '../../core/text.js'
import { Limited } from '../input/input-limit.js'
import { PageArgs } from '../pagination/page.args.js'
import { RepositoryHost } from '../repository/repository-host.type.js'
import { WorkflowInput } from '../workflow/workflow.input.js'

@ArgsType()
export class ProjectsArgs extends PageArgs {
  @Field(() => String, {
    nullable: true,
    description: 'Only projects whose name contains this, upper and lower case alike.',
  })
  search?: string | null
}

@InputType({ description: 'A new project.' })
export class CreateProjectInput {
  @Field(() => String, { description: '1 to 100 letters, digits, `-`, `_` or spaces.' })
  name!: string

  @Field(() => String, { description: '`org/repo_name`. Never changes afterwards.' })
  repository!: string

  @Field(() => RepositoryHost, { defaultValue: RepositoryHost.GITHUB, description: 'Where the repository lives.' })
  repositoryHost!: RepositoryHost

  @Limited({ characters: LONGEST_URL })
  @Field(() => String, {
    nullable: true,
    description: 'Where to clone it from, over https or ssh. For `GIT`, and only for it.',
  })
  cloneUrl?: string | null

  @Field(() => WorkflowInput, { nullable: true, description: 'What builds its candidates. Without it, nothing does.' })
  buildWorkflow?: WorkflowInput | null
}

@InputType({ description: 'A change of a project. What is left out stays as it is.' })
export class UpdateProjectInput {
  @Field(() => String, { description: 'The name the project has.' })
  project!: string

  @Field(() => String, {
    nullable: true,
    description: 'The name it gets. Tokens that are limited to projects name them: they need the new name, too.',
  })
  name?: string | null

  @Limited({ characters: LONGEST_URL })
  @Field(() => String, { nullable: true, description: 'Where to clone it from now. For `GIT`, and only for it.' })
  cloneUrl?: string | null

  @Field(() => WorkflowInput, { nullable: true, description: 'What builds its candidates. Null: nothing any more.' })
  buildWorkflow?: WorkflowInput | null
}
