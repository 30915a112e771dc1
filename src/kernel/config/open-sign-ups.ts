import type { Config } from './config.ts'
import { mailsLeave } from './mail-settings.ts'

/** What whoever opens sign-ups should know, and what is missing that holds back abuse. */
export interface OpenSignUps {
  /** In words. */
  who: string
  /** Each with what helps. */
  missing: string[]
}

/** @returns undefined where nobody gets in whom nobody has invited */
export function openSignUps(
  config: Pick<
    Config,
    | 'contactEmail'
    | 'mailApi'
    | 'rateLimits'
    | 'registration'
    | 'sendsByBinding'
    | 'sendsBySmtp'
    | 'signUps'
  >,
): OpenSignUps | undefined {
  const { registration, signUps } = config
  if (registration !== 'open' && registration !== 'approval') return undefined
  const missing: string[] = []
  if (!config.rateLimits) missing.push('rate limits are off (PDS_RATE_LIMITS_ENABLED)')
  if (!mailsLeave(config)) {
    missing.push(
      'no mail leaves: addresses are not confirmed (PDS_EMAIL_SMTP_URL, PDS_EMAIL_API_URL)',
    )
  } else if (!signUps.emailConfirmRequired && registration === 'open') {
    missing.push('addresses need not be confirmed (PDS_EMAIL_CONFIRM_REQUIRED)')
  }
  if (!signUps.hcaptcha) missing.push('no captcha is asked for (PDS_HCAPTCHA_SITE_KEY)')
  if (signUps.burst === 0) missing.push('bursts are not looked for (PDS_SIGNUP_BURST)')
  if (config.contactEmail === undefined) {
    missing.push('the operator is told of bursts in the log only (PDS_CONTACT_EMAIL_ADDRESS)')
  }
  const who =
    registration === 'open'
      ? 'ANYBODY can make an account here, and store and publish what they like in your name'
      : 'Anybody can sign up here, and is in once you approve'
  return { who, missing }
}
