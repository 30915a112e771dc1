import { seal, unseal } from '../../kernel/crypto/seal.ts'
import { describeTotp, makeTotpSecret, TOTP_SECRET, totpStep } from '../../services/factors/totp.ts'
import { type Outcome, settle } from '../../services/objects/result.ts'
import { TotpStore } from '../../storage/account/totp.ts'
import { StorageError } from '../../storage/error.ts'
import { AccountSignIn } from './sign-in.ts'

/** How a new authenticator app is told what to show. */
export interface TotpSetup {
  /** `otpauth:` address, for a QR code. */
  uri: string
  /** Base32, to be typed. */
  secret: string
}

/** The authenticator app of one account. */
export class AccountTotp extends AccountSignIn {
  readonly #totp = new TotpStore(this.parts.sql)

  /** Begins to set up an authenticator app; the one in use stays in use until `enableTotp`. */
  beginTotp(): Promise<Outcome<TotpSetup>> {
    return settle(async () => {
      const secret = makeTotpSecret()
      this.#totp.begin(await seal(this.config.keySecret, TOTP_SECRET, secret))
      return this.#describe(secret)
    })
  }

  /** What `beginTotp` answered, for showing it again. @throws StorageError `InvalidRequest` */
  pendingTotp(): Promise<Outcome<TotpSetup>> {
    return settle(async () => {
      const pending = this.#totp.pending()
      if (!pending) throw notBegun()
      return this.#describe(await this.#unseal(pending.sealed))
    })
  }

  /** Whether codes of an app are asked for. */
  protected hasTotp(): boolean {
    return this.#totp.enabled() !== undefined
  }

  /**
   * Puts the app that is being set up into use, given a code of it.
   *
   * @throws StorageError `InvalidRequest`, `InvalidToken`
   */
  protected async confirmTotp(code: string): Promise<void> {
    const pending = this.#totp.pending()
    if (!pending) throw notBegun()
    const step = await totpStep(await this.#unseal(pending.sealed), code)
    if (step === undefined) {
      throw new StorageError('InvalidToken', 'This is not the code that the app shows now')
    }
    if (!this.#totp.enable(pending.sealed, step)) throw notBegun()
  }

  protected forgetTotp(): void {
    this.#totp.remove()
  }

  /** Uses a code up. Nothing awaits between the last look and noting it, so that it counts once. */
  protected async useTotp(code: string): Promise<boolean> {
    const enabled = this.#totp.enabled()
    if (!enabled) return false
    const step = await totpStep(await this.#unseal(enabled.sealed), code)
    return step !== undefined && this.#totp.use(enabled.sealed, step)
  }

  #unseal(sealed: Uint8Array): Promise<Uint8Array> {
    return unseal(this.config.keySecret, TOTP_SECRET, sealed)
  }

  #describe(secret: Uint8Array): Promise<TotpSetup> {
    const { handle } = this.profile.get()
    return describeTotp(secret, { handle, hostname: this.config.hostname })
  }
}

const notBegun = () =>
  new StorageError('InvalidRequest', 'No authenticator app is being set up: begin again')
