/**
 * `not-found`: the authority was asked, and it is certain that it publishes no such lexicon. `invalid`: what
 * came is not proven to be the authority's, or is no lexicon. `unavailable`: it could not be found out.
 * `busy`: nobody was asked, because too much is being asked already.
 */
export type LexiconErrorKind = 'not-found' | 'invalid' | 'unavailable' | 'busy'

/** A lexicon could not be resolved. The message can be shown to whoever asked. */
export class LexiconError extends Error {
  override name = 'LexiconError'
  readonly kind: LexiconErrorKind

  constructor(kind: LexiconErrorKind, message: string, cause?: unknown) {
    super(message, { cause })
    this.kind = kind
  }
}
