/**
 * Stands in for `@atproto/lex-client` where `@atproto/xrpc-server` asks whether an error is one of that client: this host
 * makes its requests without it.
 */
export { LexError } from '@atproto/lex-data'

/** None is ever made. */
export class XrpcError extends Error {
  override name = 'XrpcError'
}
