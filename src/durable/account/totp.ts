import type { TotpSetup } from '../../contracts/account/sign-in.ts'
import { keySecrets } from '../../kernel/config/secret-settings.ts'
import { decrypt, encrypt } from '../../kernel/crypto/encrypt.ts'
import { describeTotp, makeTotpSecret, TOTP_SECRET, totpStep } from '../../services/factors/totp.ts'
import type { TotpStore } from '../../storage/account/totp.ts'
import { StorageError } from '../../storage/error.ts'
import type { AccountCore } from './core.ts'

/** The authenticator app of one account. */
export class Totp {
  readonly #core: AccountCore
  readonly #store: TotpStore

  constructor(core: AccountCore, store: TotpStore) {
    this.#core = core
    this.#store = store
  }

  /** Begins to set up an authenticator app; the one in use stays in use until `confirm`. */
  async begin(): Promise<TotpSetup> {
    const secret = makeTotpSecret()
    this.#store.begin(await encrypt(this.#core.config.keySecret, TOTP_SECRET, secret))
    return this.#describe(secret)
  }

  /** What `begin` answered, for showing it again. @throws StorageError `InvalidRequest` */
  async pending(): Promise<TotpSetup> {
    const pending = this.#store.pending()
    if (!pending) throw notBegun()
    return this.#describe(await this.#decrypt(pending.sealed))
  }

  /** Whether codes of an app are asked for. */
  isEnabled(): boolean {
    return this.#store.enabled() !== undefined
  }

  /**
   * Puts the app that is being set up into use, given a code of it.
   *
   * @throws StorageError `InvalidRequest`, `InvalidToken`
   */
  async confirm(code: string): Promise<void> {
    const pending = this.#store.pending()
    if (!pending) throw notBegun()
    const { signOuts } = this.#core
    const before = signOuts.count()
    const step = await totpStep(await this.#decrypt(pending.sealed), code)
    signOuts.assertNoneSince(before)
    if (step === undefined) {
      throw new StorageError('InvalidToken', 'This is not the code that the app shows now')
    }
    if (!this.#store.enable(pending.sealed, step)) throw notBegun()
    this.#core.factsChanged()
  }

  remove(): void {
    this.#store.remove()
  }

  /** Uses a code up. Nothing awaits between the last look and noting it, so that it counts once. */
  async use(code: string): Promise<boolean> {
    const enabled = this.#store.enabled()
    if (!enabled) return false
    const step = await totpStep(await this.#decrypt(enabled.sealed), code)
    return step !== undefined && this.#store.use(enabled.sealed, step)
  }

  #decrypt(sealed: Uint8Array): Promise<Uint8Array> {
    return decrypt(keySecrets(this.#core.config), TOTP_SECRET, sealed)
  }

  #describe(secret: Uint8Array): Promise<TotpSetup> {
    const { handle } = this.#core.profile.get()
    return describeTotp(secret, { handle, hostname: this.#core.config.hostname })
  }
}

const notBegun = () =>
  new StorageError('InvalidRequest', 'No authenticator app is being set up: begin again')
