/** Which combinations of settings the console warns of. */
import { expect, test } from 'vitest'
import { readConfig } from './config.ts'
import { risksOf } from './risks.ts'
import { settings } from './settings.ts'

const SECRETS = {
  PDS_JWT_SECRET: 'test jwt secret, long enough',
  PDS_KEY_SECRET: 'test key secret, long enough',
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: '1'.repeat(64),
}
const SAFE = {
  ...SECRETS,
  PDS_HOSTNAME: 'pds.test',
  PDS_RECOVERY_DID_KEY: 'did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv',
  PDS_CONTACT_EMAIL_ADDRESS: 'me@pds.test',
  PDS_EMAIL_SMTP_URL: 'smtps://u:p@mail.test',
}

const warned = (raw: Record<string, string>, sendsMail = true) =>
  risksOf(readConfig(raw), sendsMail).map(({ settings: [first] }) => first)

test('nothing is said of a host that is closed and well set up, nor of one for trying it out', () => {
  expect(warned(SAFE)).toEqual([])
  expect(warned(SECRETS, false)).toEqual([])
})

test.each([
  [{ PDS_RATE_LIMITS_ENABLED: 'false' }, ['PDS_RATE_LIMITS_ENABLED']],
  [{ PDS_RECOVERY_DID_KEY: '' }, ['PDS_RECOVERY_DID_KEY']],
  [{ PDS_DISABLE_SSRF_PROTECTION: 'true' }, ['PDS_DISABLE_SSRF_PROTECTION']],
  [{ PDS_CONTACT_EMAIL_ADDRESS: '' }, ['PDS_CONTACT_EMAIL_ADDRESS']],
  [{ PDS_ROTATED_SECRETS: 'PDS_JWT_SECRET' }, ['PDS_ROTATED_SECRETS']],
  // No captcha, and addresses that need not be confirmed.
  [{ PDS_REGISTRATION: 'open' }, ['PDS_REGISTRATION', 'PDS_REGISTRATION']],
  [
    {
      PDS_REGISTRATION: 'open',
      PDS_EMAIL_CONFIRM_REQUIRED: 'true',
      PDS_HCAPTCHA_SITE_KEY: 'a',
      PDS_HCAPTCHA_SECRET_KEY: 'b',
      PDS_HCAPTCHA_TOKEN_SALT: 'c',
    },
    [],
  ],
])('with %o it warns of %o', (changed, names) => {
  expect(warned({ ...SAFE, ...changed })).toEqual(names)
})

test('a host from which no mail leaves', () => {
  expect(warned(SAFE, false)).toEqual(['PDS_EMAIL_SMTP_URL'])
  expect(warned({ ...SAFE, PDS_REGISTRATION: 'open' }, false)).toHaveLength(2)
})

test('all settings that are named exist', () => {
  const everything = risksOf(
    readConfig({
      ...SECRETS,
      PDS_HOSTNAME: 'pds.test',
      PDS_REGISTRATION: 'open',
      PDS_RATE_LIMITS_ENABLED: 'false',
      PDS_DISABLE_SSRF_PROTECTION: 'true',
      PDS_ROTATED_SECRETS: 'PDS_JWT_SECRET',
    }),
    false,
  )
  expect(everything.length).toBeGreaterThan(6)
  for (const name of everything.flatMap((risk) => risk.settings)) {
    expect(Object.keys(settings)).toContain(name)
  }
})
