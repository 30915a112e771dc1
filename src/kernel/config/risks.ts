/** Combinations of settings that are allowed, and that an operator should know of. */
import { isLoopback } from '../loopback.ts'
import type { Config } from './config.ts'

export interface Risk {
  /** In a sentence. */
  what: string
  /** What helps, in another. */
  help: string
  /** Names of the settings that it is about. */
  settings: readonly string[]
}

type RiskConfig = Pick<
  Config,
  | 'adminPassword'
  | 'contactEmail'
  | 'devMode'
  | 'hostname'
  | 'rateLimitBypassKey'
  | 'rateLimits'
  | 'reachPrivate'
  | 'recoveryKey'
  | 'registration'
  | 'rotatedSecrets'
  | 'signUps'
>

/** @param sendsMail whether mails leave this host */
export function risksOf(config: RiskConfig, sendsMail: boolean): Risk[] {
  const { registration, signUps, rateLimits, recoveryKey } = config
  const isPublic = !isLoopback(config.hostname)
  const isOpen = registration === 'open' || registration === 'approval'
  const all: (Risk | false)[] = [
    isPublic &&
      !rateLimits && {
        what: 'Rate limits are off on a public host: passwords can be guessed as fast as it answers.',
        help: 'Unset PDS_RATE_LIMITS_ENABLED.',
        settings: ['PDS_RATE_LIMITS_ENABLED'],
      },
    isOpen &&
      !signUps.hcaptcha && {
        what: 'Anybody can sign up, and no captcha is asked for.',
        help: 'Set the three PDS_HCAPTCHA_ settings, or close the host.',
        settings: ['PDS_REGISTRATION', 'PDS_HCAPTCHA_SITE_KEY'],
      },
    isOpen &&
      !sendsMail && {
        what: 'Anybody can sign up, and no mail leaves: nobody confirms an address or gets a new password.',
        help: 'Set PDS_EMAIL_SMTP_URL or PDS_EMAIL_API_URL.',
        settings: ['PDS_REGISTRATION', 'PDS_EMAIL_SMTP_URL', 'PDS_EMAIL_API_URL'],
      },
    registration === 'open' &&
      sendsMail &&
      !signUps.emailConfirmRequired && {
        what: 'Anybody can sign up, and post before their address is confirmed.',
        help: 'Set PDS_EMAIL_CONFIRM_REQUIRED.',
        settings: ['PDS_REGISTRATION', 'PDS_EMAIL_CONFIRM_REQUIRED'],
      },
    isPublic &&
      !sendsMail &&
      !isOpen && {
        what: 'No mail leaves this host: whoever forgets a password needs you.',
        help: 'Set PDS_EMAIL_SMTP_URL or PDS_EMAIL_API_URL.',
        settings: ['PDS_EMAIL_SMTP_URL', 'PDS_EMAIL_API_URL'],
      },
    isPublic &&
      recoveryKey === undefined && {
        what: 'There is no recovery key: whoever gets the rotation key, or loses it, decides over every identity made here.',
        help: 'Set PDS_RECOVERY_DID_KEY to a key that is kept elsewhere.',
        settings: ['PDS_RECOVERY_DID_KEY'],
      },
    isPublic &&
      config.reachPrivate && {
        what: 'Strangers can make this host ask addresses inside its own network.',
        help: 'Unset PDS_DISABLE_SSRF_PROTECTION.',
        settings: ['PDS_DISABLE_SSRF_PROTECTION'],
      },
    isPublic &&
      config.contactEmail === undefined && {
        what: 'Nobody reads how to reach you, and nothing is mailed to you.',
        help: 'Set PDS_CONTACT_EMAIL_ADDRESS.',
        settings: ['PDS_CONTACT_EMAIL_ADDRESS'],
      },
    config.rotatedSecrets.length > 0 && {
      what: 'A secret is still named as changed: a wrong one at the next start would not be noticed.',
      help: 'Unset PDS_ROTATED_SECRETS.',
      settings: ['PDS_ROTATED_SECRETS'],
    },
    config.devMode && {
      what: 'This host is in development: mails of all accounts can be read at /dev/mail.',
      help: 'Unset PDS_DEV_MODE before anybody else uses it.',
      settings: ['PDS_DEV_MODE'],
    },
  ]
  return all.filter((risk) => risk !== false)
}
