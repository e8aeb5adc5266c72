import { forgetEnvironment } from './environment.js'

// Done before the tests of each file.
forgetEnvironment()
