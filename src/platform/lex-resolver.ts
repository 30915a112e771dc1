/**
 * Stands in for `@atproto/lex-resolver`, so that `@atproto/oauth-provider` does not bring a second resolver, client
 * library and DID cache: permission sets are resolved by `src/services/lexicons/`.
 */

/** A permission set could not be had. The provider tells its own class from other errors. */
export class LexResolverError extends Error {
  override name = 'LexResolverError'
  static from(
    nsid: string,
    description = 'Could not resolve Lexicon for NSID',
    options?: ErrorOptions,
  ) {
    return new LexResolverError(`${description} (${nsid})`, options)
  }
}

/** The provider makes one only where it is given none. */
export class LexResolver {
  constructor() {
    throw new Error('use src/services/lexicons')
  }
}
