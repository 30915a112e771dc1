/** The provider's own check of captchas, by this host's way to others. */
import type { OAuthProvider } from '@atproto/oauth-provider/provider'
import type { Services } from '../context/services.ts'
import { boundedFetch } from '../kernel/net/guarded-fetch.ts'

/** Where the provider sends what is to be verified. */
const HCAPTCHA = 'https://api.hcaptcha.com/siteverify'
/** ms */
const TIMEOUT = 5_000
/** Bytes. */
const MAX_ANSWER = 64 * 1024

/** Its client has taken the global `fetch`, which says nothing of who asks and knows no time limit. */
export function verifyCaptchasWith(
  { accountManager }: Pick<OAuthProvider, 'accountManager'>,
  { config, network, log }: Pick<Services, 'config' | 'network' | 'log'>,
): void {
  // Protected, since it is set once; the class that it is of is not exported.
  const manager = accountManager as unknown as { hcaptchaClient?: { fetch: typeof fetch } }
  if (!manager.hcaptchaClient) return
  manager.hcaptchaClient.fetch = async (input, init) => {
    const url = String(input)
    if (url !== HCAPTCHA) throw new TypeError('the captcha is verified at one address only')
    const { method = 'GET', headers, body } = init ?? {}
    try {
      return await boundedFetch(config.signUps.hcaptchaVerifyUrl, {
        method,
        headers: { ...(headers as Record<string, string>) },
        body: String(body),
        timeout: TIMEOUT,
        maxBytes: MAX_ANSWER,
        fetch: network.operator,
      })
    } catch (error) {
      // Of this the visitor is told no more than that it did not work.
      log.error('a captcha could not be verified', error)
      throw error
    }
  }
}
