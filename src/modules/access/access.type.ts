import { Field, ObjectType, registerEnumType } from 'type-graphql'
import { ROLES, type Role } from '../../core/actor.js'

/** The roles as GraphQL names them. */
const RoleEnum = Object.fromEntries(ROLES.map(role => [role.toUpperCase(), role])) as Record<Uppercase<Role>, Role>

registerEnumType(RoleEnum, {
  name: 'Role',
  description: 'What a token lets its bearer do. Each role may all that the ones before it may.',
  valuesConfig: {
    VIEWER: { description: 'Reads.' },
    DEPLOYER: { description: 'Cuts, deploys and reports.' },
    APPROVER: { description: 'Approves.' },
    ADMIN: { description: 'Configures projects and manages tokens.' },
  },
})

@ObjectType({ description: 'The bearer of the token that came with the request.', simpleResolvers: true })
export class Viewer {
  @Field(() => String, { description: 'Whom the token was made for; the `actor` of what is done with it.' })
  subject!: string

  @Field(() => RoleEnum, { description: 'What the token lets its bearer do.' })
  role!: Role

  @Field(() => [String], { nullable: true, description: 'Names of the projects it is limited to; null: all.' })
  projects!: string[] | null
}

@ObjectType({ description: 'What `revokeToken` answers.', simpleResolvers: true })
export class RevokeTokenPayload {
  @Field(() => String, { description: 'The `jti` of the token that is refused from now on.' })
  tokenId!: string
}
