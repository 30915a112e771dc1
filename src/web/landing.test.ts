import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { readConfig } from '../kernel/config/config.ts'
import { send } from '../testing/host.ts'
import { landing } from './landing.ts'

const browser = new Request('http://localhost/', { headers: { accept: 'text/html' } })

test.each([
  ['open', 'Choose “Create account” in the app.'],
  ['approval', 'The operator of this host looks at each new account before'],
  ['invite', 'New accounts need an invite code from a member.'],
  ['closed', 'New accounts are made by the operator of this host.'],
])('with registration %s the landing page says how one gets an account', async (mode, sentence) => {
  const config = readConfig({ ...env, PDS_REGISTRATION: mode })
  expect(await (await landing(browser, config)).text()).toContain(sentence)
})

test('the sign-in page says which password it wants', async () => {
  const page = await (await send('/settings')).text()
  expect(page).toContain('The main password, not one that you made for an app.')
})
