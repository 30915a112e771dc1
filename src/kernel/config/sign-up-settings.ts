/** Who may sign up, and what holds back those who do it too often. */
import { choice, count, domains, flag, secret, text, url } from './kinds.ts'

/** Who may make an account. */
export type Registration = 'closed' | 'invite' | 'approval' | 'open'

/** Keys of an hCaptcha site, as the reference PDS has them. */
export interface HcaptchaKeys {
  siteKey: string
  secretKey: string
  tokenSalt: string
}

export interface SignUpConfig {
  /** While its address is not confirmed, nothing of an account leaves the host. */
  emailConfirmRequired: boolean
  hcaptcha: HcaptchaKeys | undefined
  /** Where answers of an hCaptcha are verified. */
  hcaptchaVerifyUrl: string
  refuseDisposableEmail: boolean
  /** Mail domains that are taken though they are on the list of disposable ones. */
  emailDomainsAllowed: readonly string[]
  /** Sign-ups that may wait for approval, and for how long, in ms. */
  queue: { max: number; maxAge: number }
  /** Sign-ups in an hour that are no burst in any case; 0: bursts are not looked for. */
  burst: number
}

export const signUpSettings = {
  PDS_REGISTRATION: choice(
    'closed',
    ['closed', 'invite', 'approval', 'open'],
    'Who may make an account: the operator only, everybody with an invite code, everybody whom the operator then ' +
      'approves (whoever has an invite code at once), or everybody.',
  ),
  PDS_INVITE_REQUIRED: flag(
    'as PDS_REGISTRATION says',
    "The reference PDS's name for `PDS_REGISTRATION=invite` (true) and `open` (false).",
  ),
  PDS_EMAIL_CONFIRM_REQUIRED: flag(
    'false',
    'Nothing of an account leaves this host while its email address is not confirmed: no records, no blobs, no changes ' +
      'of its identity. Takes a way for mails to leave.',
  ),
  PDS_SIGNUP_QUEUE_MAX: count('500', 'Sign-ups that may wait for approval at once.'),
  PDS_SIGNUP_QUEUE_MAX_AGE_MS: count(
    '1209600000 (14 days)',
    'How long one waits, before it is refused by itself.',
  ),
  PDS_SIGNUP_BURST: count(
    '20',
    'Sign-ups in an hour that are no burst in any case. More than these, and than five times the hourly mean of the ' +
      'week, are slowed down, and the operator is told. 0: never.',
  ),
  PDS_HCAPTCHA_SITE_KEY: text(
    'none',
    'Site key of hCaptcha, which is asked for at sign-up if all three are set.',
  ),
  PDS_HCAPTCHA_SECRET_KEY: secret('none', 'Its secret key.'),
  PDS_HCAPTCHA_TOKEN_SALT: secret(
    'none',
    'Address, handle and browser are hashed with it for hCaptcha.',
  ),
  PDS_HCAPTCHA_VERIFY_URL: url(
    'https://api.hcaptcha.com/siteverify',
    'Where answers are verified.',
  ),
  PDS_EMAIL_REFUSE_DISPOSABLE: flag(
    'true',
    'Addresses at domains that are known to give them out for a moment are refused.',
  ),
  PDS_EMAIL_DOMAINS_ALLOWED: domains(
    'none',
    'Domains that are taken even so. Separated by commas.',
  ),
} as const

type Parsed = {
  readonly [Name in keyof typeof signUpSettings]?: ReturnType<
    (typeof signUpSettings)[Name]['parse']
  >
}

/** @param sendsMail whether mails can leave the host */
export function signUpProblems(parsed: Parsed, sendsMail: boolean): string[] {
  const problems: string[] = []
  if (parsed.PDS_EMAIL_CONFIRM_REQUIRED && !sendsMail) {
    problems.push(
      'PDS_EMAIL_CONFIRM_REQUIRED: nobody could confirm an address, since no mail leaves this host. Set ' +
        'PDS_EMAIL_SMTP_URL or PDS_EMAIL_API_URL (docs/mail.md).',
    )
  }
  const keys = [
    'PDS_HCAPTCHA_SITE_KEY',
    'PDS_HCAPTCHA_SECRET_KEY',
    'PDS_HCAPTCHA_TOKEN_SALT',
  ] as const
  const missing = keys.filter((name) => !parsed[name])
  if (missing.length > 0 && missing.length < keys.length) {
    problems.push(`${missing.join(' and ')} must be set too: hCaptcha takes all three`)
  }
  return problems
}

export const readRegistration = (parsed: Parsed): Registration =>
  parsed.PDS_REGISTRATION ??
  (parsed.PDS_INVITE_REQUIRED === undefined
    ? 'closed'
    : parsed.PDS_INVITE_REQUIRED
      ? 'invite'
      : 'open')

export const readSignUps = (parsed: Parsed): SignUpConfig => ({
  emailConfirmRequired: parsed.PDS_EMAIL_CONFIRM_REQUIRED ?? false,
  hcaptcha: hcaptchaKeys(parsed),
  hcaptchaVerifyUrl: parsed.PDS_HCAPTCHA_VERIFY_URL ?? 'https://api.hcaptcha.com/siteverify',
  refuseDisposableEmail: parsed.PDS_EMAIL_REFUSE_DISPOSABLE ?? true,
  emailDomainsAllowed: parsed.PDS_EMAIL_DOMAINS_ALLOWED ?? [],
  queue: {
    max: parsed.PDS_SIGNUP_QUEUE_MAX ?? 500,
    maxAge: parsed.PDS_SIGNUP_QUEUE_MAX_AGE_MS ?? 14 * 24 * 60 * 60 * 1000,
  },
  burst: parsed.PDS_SIGNUP_BURST ?? 20,
})

function hcaptchaKeys(parsed: Parsed): HcaptchaKeys | undefined {
  const {
    PDS_HCAPTCHA_SITE_KEY: siteKey,
    PDS_HCAPTCHA_SECRET_KEY: secretKey,
    PDS_HCAPTCHA_TOKEN_SALT: tokenSalt,
  } = parsed
  return siteKey && secretKey && tokenSalt ? { siteKey, secretKey, tokenSalt } : undefined
}
