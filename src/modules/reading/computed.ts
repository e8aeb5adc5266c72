import type { Sql } from './row.js'

/** A value that is made of what an expression yields in JSON; from a null nothing is made. */
export class Computed {
  constructor(
    readonly expression: Sql,
    readonly compute: (value: unknown) => unknown,
  ) {}
}

export function computed<Value>(expression: Sql, compute: (value: Value) => unknown): Computed {
  return new Computed(expression, compute as (value: unknown) => unknown)
}
