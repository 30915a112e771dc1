import { type LexiconDoc, Lexicons, type LexUserType } from '@atproto/lexicon'

/**
 * Lexicons in which a ref or a union may lead to a record type, which stands for the object that its records are
 * (Lexicon specification, `ref` and `union`). The library has no value for one: to it every one is invalid.
 */
export class RecordLexicons extends Lexicons {
  readonly #below: Lexicons | undefined

  /** `below` has the definitions that these lack, so that they can refer to both. */
  constructor(docs?: Iterable<LexiconDoc>, below?: Lexicons) {
    super(docs)
    this.#below = below
  }

  override getDef(uri: string): LexUserType | undefined {
    return super.getDef(uri) ?? this.#below?.getDef(uri)
  }

  override getDefOrThrow<T extends LexUserType['type'] = LexUserType['type']>(
    uri: string,
    types?: readonly T[],
  ): Extract<LexUserType, { type: T }> {
    const found = super.getDefOrThrow(uri, types)
    const def: LexUserType = found
    // Whoever wants a record type itself asks for it by type.
    if (types || def.type !== 'record') return found
    return def.record as LexUserType as typeof found
  }
}
