import { expect, test } from 'vitest'
import { ConfigError, readConfig } from './config.ts'
import { openSignUps } from './open-sign-ups.ts'

const secrets = {
  PDS_JWT_SECRET: 'a secret, long enough',
  PDS_KEY_SECRET: 'a secret, long enough',
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: '11'.repeat(32),
  PDS_HOSTNAME: 'pds.example.com',
}
const hcaptcha = {
  PDS_HCAPTCHA_SITE_KEY: 'site',
  PDS_HCAPTCHA_SECRET_KEY: 'secret',
  PDS_HCAPTCHA_TOKEN_SALT: 'salt',
}
const mail = { PDS_EMAIL_API_URL: 'resend://key' }
const read = (settings: Record<string, string>) => readConfig({ ...secrets, ...settings })

test('closed hosts and those with invite codes have nothing to be told', () => {
  const closed: Record<string, string>[] = [
    {},
    { PDS_REGISTRATION: 'invite' },
    { PDS_INVITE_REQUIRED: 'true' },
  ]
  for (const settings of closed) {
    expect(openSignUps(read(settings))).toBeUndefined()
  }
})

test('an open host is told what is missing, until nothing is', () => {
  const open = { PDS_INVITE_REQUIRED: 'false', PDS_RATE_LIMITS_ENABLED: 'false' }
  const bare = openSignUps(read(open))
  expect(bare?.who).toContain('ANYBODY')
  expect(bare?.missing.join()).toMatch(/RATE_LIMITS.*EMAIL_SMTP_URL.*HCAPTCHA.*CONTACT_EMAIL/)
  const all = {
    PDS_REGISTRATION: 'open',
    PDS_EMAIL_CONFIRM_REQUIRED: 'true',
    PDS_CONTACT_EMAIL_ADDRESS: 'a@example.com',
    ...mail,
    ...hcaptcha,
  }
  expect(openSignUps(read(all))?.missing).toEqual([])
  const bound = { ...all, PDS_EMAIL_API_URL: '', PDS_EMAIL_BINDING: 'true' }
  expect(openSignUps(read(bound))?.missing).toEqual([])
  expect(openSignUps(read({ ...all, PDS_SIGNUP_BURST: '0' }))?.missing).toHaveLength(1)
})

test('settings that cannot work are refused, without their values', () => {
  const problem = (settings: Record<string, string>) => {
    try {
      read(settings)
      return ''
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError)
      return (error as Error).message
    }
  }
  expect(problem({ PDS_EMAIL_CONFIRM_REQUIRED: 'true' })).toContain('no mail leaves this host')
  for (const way of [mail, { PDS_EMAIL_BINDING: 'true' }]) {
    expect(problem({ PDS_EMAIL_CONFIRM_REQUIRED: 'true', ...way })).toBe('')
  }
  const half = problem({ PDS_HCAPTCHA_SECRET_KEY: 'do-not-show' })
  expect(half).toContain('PDS_HCAPTCHA_SITE_KEY and PDS_HCAPTCHA_TOKEN_SALT must be set too')
  expect(half).not.toContain('do-not-show')
  expect(problem({ PDS_REGISTRATION: 'half' })).toContain('PDS_REGISTRATION: must be one of')
  expect(problem({ PDS_QUOTA_RECORDS: '-1' })).toContain(
    'PDS_QUOTA_RECORDS: must be a whole number',
  )
})
