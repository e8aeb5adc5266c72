import { Ajv, type ErrorObject } from 'ajv'
import addFormats from 'ajv-formats'
import type { FastifySchemaCompiler } from 'fastify'
import { type ErrorReason, SlipwayError } from '../core/errors.js'

// A body's members must have their types; a query string has only text, so numbers are read from it.
const strict = withFormats(new Ajv({ coerceTypes: false, useDefaults: true, allErrors: false, strict: false }))
const reading = withFormats(new Ajv({ coerceTypes: true, useDefaults: true, allErrors: false, strict: false }))

/** Members for which a word outside of their set has an error of its own. */
const WORD_ERRORS: Readonly<Record<string, ErrorReason>> = { status: 'INVALID_DEPLOYMENT_STATUS' }

/** Compiles the schema of a part of a request; a part that does not fit is refused with an error that names it. */
export const compileValidator: FastifySchemaCompiler<object> = ({ schema, httpPart }) => {
  const check = (httpPart === 'body' ? strict : reading).compile(schema)
  const { required = [] } = schema as { readonly required?: readonly string[] }
  return sent => {
    // Where no member must be there, there need not be a body either.
    const data = sent === null && required.length === 0 ? {} : sent
    if (check(data)) return { value: data }
    return { error: describeFault(httpPart ?? 'request', check.errors?.[0]) }
  }
}

function describeFault(part: string, fault: ErrorObject | undefined): SlipwayError {
  const missing: unknown = fault?.params['missingProperty']
  if (fault?.keyword === 'required') return new SlipwayError('INVALID_INPUT', { message: `${missing} is missing` })
  const member = fault?.instancePath.slice(1) ?? ''
  if (member === '') return new SlipwayError('INVALID_INPUT', { message: `The ${part} must be a JSON object` })
  const allowed: unknown = fault?.params['allowedValues']
  const reason = WORD_ERRORS[member]
  if (reason !== undefined && Array.isArray(allowed)) {
    return new SlipwayError(reason, { details: `Expected one of ${allowed.join(', ')}.` })
  }
  return new SlipwayError('INVALID_INPUT', { message: `${member} ${explain(fault)}` })
}

function explain(fault: ErrorObject | undefined): string {
  if (fault?.keyword === 'type') return `must be of type ${[fault.params['type']].flat().join(' or ')}`
  if (fault?.keyword === 'maxLength') return `is longer than ${fault.params['limit'].toLocaleString('en')} characters`
  if (fault?.params['format'] === 'date-time')
    return 'must be an ISO 8601 time with its offset, such as 2026-11-23T18:00:00Z'
  return fault?.message ?? 'is invalid'
}

function withFormats(ajv: Ajv): Ajv {
  addFormats.default(ajv, ['date-time'])
  return ajv
}
