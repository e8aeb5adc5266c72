import { registerEnumType } from 'type-graphql'
import { RepositoryHost } from '../../database/generated/enums.js'

registerEnumType(RepositoryHost, {
  name: 'RepositoryHost',
  description: 'Where a repository lives.',
  valuesConfig: {
    GITHUB: { description: 'On GitHub or GitHub Enterprise.' },
    GIT: { description: 'On any server that speaks git, at the project’s `cloneUrl`.' },
  },
})

export { RepositoryHost }
