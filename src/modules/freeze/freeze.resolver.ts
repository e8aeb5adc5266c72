import { Arg, Args, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql'
import type {
  Environment as EnvironmentColumns,
  Freeze as FreezeColumns,
  Project as ProjectColumns,
} from '../../database/generated/client.js'
import { Caller } from '../context/request-context.js'
import type { ServiceContext } from '../context/service-context.js'
import { Environment } from '../environment/environment.type.js'
import { globalId } from '../node/global-id.js'
import { GLOBAL_ID } from '../node/node.type.js'
import { Project } from '../project/project.type.js'
import { FirstArgs } from '../reading/first.args.js'
import { Sized } from '../reading/list-kind.js'
import { ALL_FREEZES, ENVIRONMENTS_OF_PROJECT, OPEN_FREEZES } from '../reading/list-kinds.js'
import type { Row } from '../reading/row.js'
import { byKey, FREEZES, PROJECTS } from '../reading/tables.js'
import { emergencyStop } from './emergency-stop.service.js'
import { CreateFreezeInput, EmergencyStopInput, FreezesArgs, LiftFreezeInput } from './freeze.input.js'
import {
  currentWindow,
  environmentsOfFreeze,
  freezesOfEnvironment,
  freezesOfProject,
  nextWindow,
  visibleFreezes,
} from './freeze.rows.js'
import { createFreeze, liftFreeze } from './freeze.service.js'
import { Freeze, FreezeConnection, FreezePayload, FreezeWindow } from './freeze.type.js'

@Resolver(() => Freeze)
export class FreezeResolver {
  @Sized({ counted: { kind: ALL_FREEZES } })
  @Query(() => FreezeConnection, { description: 'The freezes of the projects that the token may see, newest first.' })
  freezes(@Caller() { actor }: ServiceContext, @Args(() => FreezesArgs) args: FreezesArgs) {
    return visibleFreezes(actor, args)
  }

  @Mutation(() => FreezePayload, {
    description: 'Declares a time in which nothing is deployed, once or recurring. Takes the role `approver`.',
  })
  async createFreeze(@Caller() ctx: ServiceContext, @Arg('input', () => CreateFreezeInput) input: CreateFreezeInput) {
    const { id } = await createFreeze(ctx, input)
    return { freeze: byKey(FREEZES, id) }
  }

  @Mutation(() => FreezePayload, {
    description:
      'Freezes a project or everything at once, until it is lifted or until its end. Takes the role `approver`.',
  })
  async emergencyStop(
    @Caller() ctx: ServiceContext,
    @Arg('input', () => EmergencyStopInput) input: EmergencyStopInput,
  ) {
    const { id } = await emergencyStop(ctx, input)
    return { freeze: byKey(FREEZES, id) }
  }

  @Mutation(() => FreezePayload, {
    description: 'Lifts a freeze early. What it alone held back starts. Takes the role `approver`.',
  })
  async liftFreeze(@Caller() ctx: ServiceContext, @Arg('input', () => LiftFreezeInput) input: LiftFreezeInput) {
    const { id } = await liftFreeze(ctx, input.freeze, input.onlyThisWindow === true)
    return { freeze: byKey(FREEZES, id) }
  }

  @FieldResolver(() => ID, GLOBAL_ID)
  id(@Root() freeze: Row<FreezeColumns>) {
    return globalId('freeze', freeze)
  }

  @FieldResolver(() => Project, { nullable: true, description: 'The project that it binds; null: all projects.' })
  project(@Root() freeze: Row<FreezeColumns>) {
    return byKey(PROJECTS, freeze.projectId)
  }

  @Sized({ list: ENVIRONMENTS_OF_PROJECT })
  @FieldResolver(() => [Environment], { description: 'The environments that it binds; none: all of them.' })
  environments(@Root() freeze: Row<FreezeColumns>) {
    return environmentsOfFreeze(freeze)
  }

  @FieldResolver(() => FreezeWindow, { nullable: true, description: 'The window in which it binds now.' })
  currentWindow(@Root() freeze: Row<FreezeColumns>) {
    return currentWindow(freeze)
  }

  @FieldResolver(() => FreezeWindow, { nullable: true, description: 'Its next window.' })
  nextWindow(@Root() freeze: Row<FreezeColumns>) {
    return nextWindow(freeze)
  }
}

/** The freezes of a project. */
@Resolver(() => Project)
export class ProjectFreezesResolver {
  @Sized({ list: OPEN_FREEZES })
  @FieldResolver(() => [Freeze], {
    description: 'The freezes that bind it or some of its environments, now or later, newest first.',
  })
  freezes(@Root() project: Row<ProjectColumns>, @Args(() => FirstArgs) { first }: FirstArgs) {
    return freezesOfProject(project, first ?? null)
  }
}

/** The freezes of an environment. */
@Resolver(() => Environment)
export class EnvironmentFreezesResolver {
  @Sized({ list: OPEN_FREEZES })
  @FieldResolver(() => [Freeze], { description: 'The freezes that bind it, now or later, newest first.' })
  freezes(@Root() environment: Row<EnvironmentColumns>, @Args(() => FirstArgs) { first }: FirstArgs) {
    return freezesOfEnvironment(environment, first ?? null)
  }
}
