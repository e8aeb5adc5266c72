/** Something the operator has to mend before the server can start. Its message says what; it is printed alone. */
export class StartupError extends Error {
  override readonly name = 'StartupError'
}
