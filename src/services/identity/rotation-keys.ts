import type { Config } from '../../kernel/config/config.ts'
import { SigningKey } from '../../kernel/crypto/signing-key.ts'

type Keys = Pick<Config, 'plcRotationKey' | 'otherPlcRotationKey'>

/** The rotation key of this host; while one takes the place of another, both. */
export class RotationKeys {
  readonly #config: Keys
  #all: readonly SigningKey[] | undefined

  constructor(config: Keys) {
    this.#config = config
  }

  /** With which new identities are made. */
  get own(): SigningKey {
    const [own] = this.all()
    if (!own) throw new Error('there is no rotation key')
    return own
  }

  /** Made when first needed: a public key takes a millisecond to compute. */
  all(): readonly SigningKey[] {
    const { plcRotationKey: own, otherPlcRotationKey: other } = this.#config
    this.#all ??= [own, ...(other === undefined ? [] : [other])].map((hex) =>
      SigningKey.fromBytes(Buffer.from(hex, 'hex')),
    )
    return this.#all
  }

  /** The one that may change an identity with these keys: the strongest. Without any, the directory says what is wrong. */
  oneOf(didKeys: readonly string[]): SigningKey {
    const byStrength = didKeys.map((didKey) => this.all().find((key) => key.did() === didKey))
    return byStrength.find((key) => key !== undefined) ?? this.own
  }

  /** The same keys in the same order, with this host's own in the place of the one that it replaces. */
  replaceIn(didKeys: readonly string[]): string[] {
    const [own, ...others] = this.all().map((key) => key.did())
    if (own === undefined || others.length === 0) return [...didKeys]
    return [...new Set(didKeys.map((didKey) => (others.includes(didKey) ? own : didKey)))]
  }
}
