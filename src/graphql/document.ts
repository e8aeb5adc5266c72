import { type DocumentNode, Lexer, Source, TokenKind } from 'graphql'
import { SlipwayError } from '../core/errors.js'
import { BoundedCache } from './bounded-cache.js'

/** The longest text of a document, in bytes. GraphiQL asks for the schema with 2,000; TOKENS ends most others before. */
const LONGEST_DOCUMENT = 100_000
/** A document may have this many tokens: names, braces, values and the like. */
export const TOKENS = 4_000
/** The deepest that braces, brackets and parentheses may lie in one another: graphql-js calls itself for each. */
const DEEPEST_DOCUMENT = 100

const OPENING: ReadonlySet<string> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L])
const CLOSING: ReadonlySet<string> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R])

/**
 * Refuses the text of a document that is too long or too deep to be parsed. Faults of its syntax are the parser's to
 * tell.
 *
 * @throws SlipwayError `QUERY_TOO_LARGE`
 */
export function checkDocument(text: string): void {
  if (Buffer.byteLength(text) > LONGEST_DOCUMENT) {
    throw new SlipwayError('QUERY_TOO_LARGE', {
      message: `Query is too large: more than ${LONGEST_DOCUMENT.toLocaleString('en')} bytes`,
      details: 'Pass values as variables, or ask for some of it in another request.',
    })
  }
  if (depthOf(text) > DEEPEST_DOCUMENT) {
    throw new SlipwayError('QUERY_TOO_LARGE', {
      message: `Query is too large: nested deeper than ${DEEPEST_DOCUMENT} levels`,
      details: 'Ask for what lies deeper by `node(id:)`.',
    })
  }
}

/** How deep a document is, as far as the parser gets. */
function depthOf(text: string): number {
  let deepest = 0
  let depth = 0
  const lexer = new Lexer(new Source(text))
  try {
    for (let count = 0; count <= TOKENS; count++) {
      const { kind } = lexer.advance()
      if (kind === TokenKind.EOF) break
      if (OPENING.has(kind)) deepest = Math.max(deepest, ++depth)
      else if (CLOSING.has(kind)) depth -= 1
    }
  } catch {
    // The parser ends here, too, and says why.
  }
  return deepest
}

/** What all documents that are remembered may take. The texts of a product's dashboards take a hundredth of it. */
const REMEMBERED_BYTES = 32 * 1024 * 1024
/** The texts of persisted queries, which clients ask for by their hashes. */
const PERSISTED_BYTES = 16 * 1024 * 1024
const MOST_REMEMBERED = 10_000
/** What graphql-js keeps for a token: itself, its place, and its part in the tree. Measured on Node.js 20. */
const BYTES_PER_TOKEN = 512

/** Remembers documents that were parsed and found to fit the schema. */
export function createDocumentStore(): BoundedCache<DocumentNode> {
  return new BoundedCache({ bytes: REMEMBERED_BYTES, entries: MOST_REMEMBERED, bytesOf: bytesOfDocument })
}

/** Remembers the texts of persisted queries. */
export function createPersistedQueries(): BoundedCache<string> {
  return new BoundedCache({ bytes: PERSISTED_BYTES, entries: MOST_REMEMBERED, bytesOf: bytesOfText })
}

function bytesOfText(text: string): number {
  return 2 * text.length
}

/** The tree of a document refers to all of its tokens and to its text, comments and all. */
function bytesOfDocument({ loc }: DocumentNode): number {
  if (loc === undefined) throw new Error('A document was parsed without the places of its parts')
  let tokens = 0
  for (let token = loc.startToken.next; token !== null; token = token.next) tokens += 1
  return bytesOfText(loc.source.body) + tokens * BYTES_PER_TOKEN
}
