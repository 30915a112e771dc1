import type { KeysRpc } from '../../contracts/account/keys.ts'
import { keySecrets } from '../../kernel/config/secret-settings.ts'
import { DecryptionError, decrypt, encrypt } from '../../kernel/crypto/encrypt.ts'
import { SigningKey } from '../../kernel/crypto/signing-key.ts'
import { PlcError } from '../../services/identity/plc.ts'
import type { Lifecycle } from '../../storage/account/lifecycle.ts'
import type { AccountCore } from './core.ts'
import { rewrapAccount, type SealedFactors, SIGNING_KEY } from './rewrap.ts'

/** The signing key of one account: encrypted at rest, in memory once it was used. */
export class Keys implements KeysRpc {
  readonly #core: AccountCore
  readonly #factors: SealedFactors
  readonly #lifecycle: Lifecycle
  #key: SigningKey | undefined
  /** Settles when a rotation that is under way is over. */
  #rotation: Promise<void> | undefined

  constructor(core: AccountCore, lifecycle: Lifecycle, factors: SealedFactors) {
    this.#core = core
    this.#factors = factors
    this.#lifecycle = lifecycle
  }

  async publicKey(): Promise<string> {
    this.#core.profile.get()
    return (await this.current()).did()
  }

  async isReadable(): Promise<boolean> {
    const { profile } = this.#core
    profile.get()
    try {
      await this.#decrypt(profile.sealedSigningKey())
      return true
    } catch (error) {
      if (error instanceof DecryptionError) return false
      throw error
    }
  }

  async rewrap(): Promise<boolean> {
    // A rotation seals keys of its own.
    await this.#rotation
    return rewrapAccount({ ...this.#core, ...this.#factors })
  }

  async rotate(bytes: Uint8Array): Promise<void> {
    const { profile, storage } = this.#core
    const key = SigningKey.fromBytes(bytes)
    const { did } = profile.get()
    await this.#exclusively(async () => {
      const sealed = await this.seal(key)
      if (did.startsWith('did:plc:')) {
        profile.update({ nextSigningKey: sealed })
        await storage.sync()
        await this.#publish(did, key)
      }
      this.#lifecycle.changeKey(key, sealed)
      this.#key = key
    })
    this.#core.changed()
  }

  /** The signing key, once no rotation is under way, nor one that broke off. */
  async current(): Promise<SigningKey> {
    await this.#rotation
    const { profile } = this.#core
    const sealed = profile.sealedNextKey()
    if (sealed) await this.#exclusively(() => this.#resume(sealed))
    this.#key ??= await this.#decrypt(profile.sealedSigningKey())
    return this.#key
  }

  /** Caches the key of an account that was just created; undefined: clears the cache. */
  cache(key: SigningKey | undefined): void {
    this.#key = key
  }

  /** Encrypts a key for the store. */
  seal(key: SigningKey): Promise<Uint8Array> {
    return encrypt(this.#core.config.keySecret, SIGNING_KEY, key.toBytes())
  }

  async #decrypt(sealed: Uint8Array): Promise<SigningKey> {
    const bytes = await decrypt(keySecrets(this.#core.config), SIGNING_KEY, sealed)
    const key = SigningKey.fromBytes(bytes)
    // That of a secp256k1 key is what it signs with; the platform has a copy of the other.
    if (key.curve === 'p256') bytes.fill(0)
    return key
  }

  /** Finds out whether the PLC directory knows the key of a rotation during which the process died. */
  async #resume(sealed: Uint8Array): Promise<void> {
    const { profile, plc } = this.#core
    const { did } = profile.get()
    const { verificationMethods } = await plc.documentData(did)
    const key = await this.#decrypt(sealed)
    if (verificationMethods.atproto === key.did()) {
      this.#lifecycle.changeKey(key, sealed)
      this.#key = key
      this.#core.changed()
    } else {
      profile.update({ nextSigningKey: null })
    }
  }

  async #publish(did: string, key: SigningKey): Promise<void> {
    const { plc, profile } = this.#core
    try {
      await plc.update(did, (state) => ({
        ...state,
        verificationMethods: { ...state.verificationMethods, atproto: key.did() },
      }))
    } catch (error) {
      // What the directory refuses did not happen; without its answer, nobody knows yet.
      if (error instanceof PlcError && error.statusCode === 400) {
        profile.update({ nextSigningKey: null })
      }
      throw error
    }
  }

  /** Holds back whatever is to be signed until `work` is over. */
  async #exclusively(work: () => Promise<void>): Promise<void> {
    while (this.#rotation) await this.#rotation
    const result = work()
    this.#rotation = result.catch(() => undefined)
    try {
      await result
    } finally {
      this.#rotation = undefined
    }
  }
}
