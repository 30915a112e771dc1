/** Whether a newer version of this software is out, where a setting says whom to ask. */
import type { Config } from '../kernel/config/config.ts'
import { boundedFetch, readJson } from '../kernel/net/guarded-fetch.ts'
import type { Network } from '../kernel/net/network.ts'

/** ms; bytes: a release has its notes with it. */
const TIMEOUT = 2_000
const MAX_ANSWER = 256 * 1024

/** How long an answer counts, and no answer, in ms. */
const FRESH = 6 * 60 * 60 * 1000
const FRESH_FAILURE = 10 * 60 * 1000

export class NewestVersion {
  readonly #config: Pick<Config, 'versionUrl'>
  readonly #network: Pick<Network, 'operator'>
  #known: { until: number; version: string | undefined } | undefined

  constructor(config: Pick<Config, 'versionUrl'>, network: Pick<Network, 'operator'>) {
    this.#config = config
    this.#network = network
  }

  /** Whether anybody is asked. */
  get isAsked(): boolean {
    return this.#config.versionUrl !== undefined
  }

  /** `1.2.3`; undefined: nobody is asked, or nobody says. */
  async get(): Promise<string | undefined> {
    const { versionUrl } = this.#config
    const now = Date.now()
    if (versionUrl === undefined) return undefined
    if (this.#known && this.#known.until > now) return this.#known.version
    const version = await this.#ask(versionUrl)
    this.#known = { until: now + (version === undefined ? FRESH_FAILURE : FRESH), version }
    return version
  }

  async #ask(url: string): Promise<string | undefined> {
    try {
      const response = await boundedFetch(url, {
        timeout: TIMEOUT,
        maxBytes: MAX_ANSWER,
        headers: { accept: 'application/json' },
        fetch: this.#network.operator,
      })
      const answer: unknown = await readJson(response)
      if (typeof answer !== 'object' || answer === null) return undefined
      const { version, tag_name: tag } = answer as Record<string, unknown>
      const said = typeof version === 'string' ? version : tag
      return typeof said === 'string'
        ? /^v?(\d{1,6}\.\d{1,6}\.\d{1,6})$/.exec(said)?.[1]
        : undefined
    } catch {
      return undefined
    }
  }
}
