/** A browser without scripts: it keeps cookies, and sends the forms that a page has. */
export class FormBrowser {
  readonly #origin: string
  readonly #cookies = new Map<string, string>()
  page = ''
  status = 0

  constructor(origin: string) {
    this.#origin = origin
  }

  async open(path: string): Promise<this> {
    return this.#send(path, { method: 'GET' })
  }

  /** Sends the first form that leads there, with its hidden fields. */
  async submit(action: string, fields: Record<string, string> = {}): Promise<this> {
    return this.post(action, { ...this.fieldsOf(action), ...fields })
  }

  /** The hidden fields of a form. */
  fieldsOf(action: string): Record<string, string> {
    const form = this.#formOf(action)
    const hidden = [...form.matchAll(/type="hidden" name="([^"]+)" value="([^"]*)"/g)]
    return Object.fromEntries(hidden.map(([, name, value]) => [name, value]))
  }

  /** Sends what no form of the page need have. */
  async post(path: string, fields: Record<string, string>): Promise<this> {
    const body = new URLSearchParams(fields)
    return this.#send(path, { method: 'POST', body, headers: { 'sec-fetch-site': 'same-origin' } })
  }

  /** Has a cookie again, such as one that the host has taken away. */
  keep(name: string, value: string): void {
    this.#cookies.set(name, value)
  }

  has(action: string): boolean {
    return this.page.includes(`action="${action}"`)
  }

  cookie(name: string): string | undefined {
    return this.#cookies.get(name)
  }

  #formOf(action: string): string {
    const at = this.page.indexOf(`action="${action}"`)
    if (at < 0) throw new Error(`no form ${action} in:\n${this.page}`)
    return this.page.slice(at, this.page.indexOf('</form>', at))
  }

  async #send(path: string, init: RequestInit): Promise<this> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(init.headers as Record<string, string>), ...(cookie && { cookie }) }
    const response = await fetch(`${this.#origin}${path}`, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/Max-Age=0/.test(line)) this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    this.page = await response.text()
    this.status = response.status
    const location = response.headers.get('location')
    return response.status === 303 && location ? this.#send(location, { method: 'GET' }) : this
  }
}
