/** hCaptcha at sign-up, as the official OAuth provider has it, for whoever makes an account without its page. */
import { createHash } from 'node:crypto'
import { InvalidRequestError, XRPCError } from '@atproto/xrpc-server'
import type { HcaptchaKeys } from '../../kernel/config/sign-up-settings.ts'
import { boundedFetch, type Fetch, readJson } from '../../kernel/net/guarded-fetch.ts'
import { NetworkError } from '../../kernel/net/network-error.ts'

/** ms */
const TIMEOUT = 5_000
/** Bytes. */
const MAX_ANSWER = 64 * 1024
/** Characters of an answer to a captcha: they have some thousands. */
const MAX_TOKEN = 16 * 1024

/** Whose answer it is. */
export interface CaptchaClient {
  /** Address of the client. */
  address: string
  handle: string
  userAgent: string | null
}

/**
 * Has an answer verified, for one sign-up.
 *
 * @param keys undefined: this host asks for none
 * @param token what the captcha gave; undefined: nothing
 * @throws InvalidRequestError `InvalidCaptcha`; XRPCError 502 `UpstreamFailure` when it could not be verified
 */
export async function assertCaptcha(
  { keys, verifyUrl, fetch }: { keys: HcaptchaKeys | undefined; verifyUrl: string; fetch: Fetch },
  token: string | undefined,
  client: CaptchaClient,
): Promise<void> {
  if (!keys) return
  if (!token || token.length > MAX_TOKEN) {
    throw new InvalidRequestError(
      'This host asks for a captcha at sign-up: sign up with an app that uses OAuth, or send the answer as ' +
        'verificationCode',
      'InvalidCaptcha',
    )
  }
  const answer = await ask(verifyUrl, bodyOf(keys, token, client), fetch)
  const succeeded =
    answer !== null && typeof answer === 'object' && 'success' in answer && answer.success === true
  if (!succeeded) throw new InvalidRequestError('The captcha was not solved', 'InvalidCaptcha')
}

/** @throws XRPCError 502 */
async function ask(url: string, body: URLSearchParams, fetch: Fetch): Promise<unknown> {
  try {
    const response = await boundedFetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: body.toString(),
      timeout: TIMEOUT,
      maxBytes: MAX_ANSWER,
      fetch,
    })
    if (response.ok) return await readJson(response)
    await response.body?.cancel()
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error
  }
  throw new XRPCError(502, 'The captcha could not be verified: try again', 'UpstreamFailure')
}

function bodyOf(
  { secretKey, siteKey, tokenSalt }: HcaptchaKeys,
  response: string,
  { address, handle, userAgent }: CaptchaClient,
): URLSearchParams {
  const hash = (value: string) =>
    createHash('sha256').update(tokenSalt).update(value).digest('base64')
  return new URLSearchParams({
    secret: secretKey,
    sitekey: siteKey,
    behavior_type: 'signup',
    response,
    remoteip: address,
    client_tokens: JSON.stringify({
      hashedIp: hash(address),
      hashedHandle: hash(handle),
      hashedUserAgent: userAgent === null ? undefined : hash(userAgent),
    }),
  })
}
