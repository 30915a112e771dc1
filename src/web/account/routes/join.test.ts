import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { readConfig } from '../../../kernel/config/config.ts'
import { joinPage } from './join.ts'

test.each([
  { registration: 'open', here: true },
  { registration: 'invite', here: true },
  { registration: 'approval', here: true },
  { registration: 'closed', here: false },
])('an invitation leads to no page that does not take it: $registration', async (expected) => {
  const config = readConfig({ ...env, PDS_REGISTRATION: expected.registration })
  const page = String(await joinPage(config, 'host-abcde-fghij'))
  expect(page).toContain('host-abcde-fghij')
  expect(page.includes('href="/account/sign-up"')).toBe(expected.here)
})
