/** Somebody on the account page, without a browser: forms are sent as one sends them. */
import { Secret, TOTP } from 'otpauth'

export class SettingsSession {
  readonly #origin: string
  /** The `Set-Cookie` of the session. */
  readonly cookie: string

  private constructor(origin: string, cookie: string) {
    this.#origin = origin
    this.cookie = cookie
  }

  /** Signs in. Throws with the status where that is refused. */
  static async open(
    origin: string,
    identifier: string,
    password: string,
  ): Promise<SettingsSession> {
    const response = await fetch(`${origin}/settings/sign-in`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams({ identifier, password }),
    })
    const [cookie] = response.headers.getSetCookie()
    if (response.status !== 303 || !cookie) throw new Error(`refused: ${response.status}`)
    return new SettingsSession(origin, cookie)
  }

  get(path: string): Promise<Response> {
    return fetch(`${this.#origin}${path}`, { redirect: 'manual', headers: this.#headers() })
  }

  /** Sends a form with the CSRF token of the session, unless it has one in `form`. */
  async post(
    path: string,
    fields: Record<string, string>,
    headers: Record<string, string> = { 'sec-fetch-site': 'same-origin' },
  ): Promise<Response> {
    const form = await this.#csrfToken()
    return fetch(`${this.#origin}${path}`, {
      method: 'POST',
      redirect: 'manual',
      headers: { ...this.#headers(), ...headers },
      body: new URLSearchParams({ form, ...fields }),
    })
  }

  /** Switches an authenticator app on. */
  async setUpTotp(): Promise<{ secret: string; recovery: string[] }> {
    await this.post('/settings/totp/begin', {})
    const page = await (await this.get('/settings/totp')).text()
    const secret = (/<code class="secret">([A-Z2-7 ]+)</.exec(page)?.[1] ?? '').replace(/ /g, '')
    const code = new TOTP({ secret: Secret.fromBase32(secret) }).generate()
    const answer = await (await this.post('/settings/totp/confirm', { code })).text()
    const recovery = [...answer.matchAll(/<li>([a-z2-7]{5}-[a-z2-7]{5})</g)].map(([, c = '']) => c)
    return { secret, recovery }
  }

  /** From the page that everybody has, also whose account was taken down. */
  async #csrfToken(): Promise<string> {
    const page = await (await this.get('/settings/data')).text()
    return /name="form" value="([^"]+)"/.exec(page)?.[1] ?? ''
  }

  #headers(): Record<string, string> {
    return { cookie: this.cookie.split(';', 1)[0] ?? '' }
  }
}
