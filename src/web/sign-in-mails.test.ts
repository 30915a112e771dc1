import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { readConfig } from '../kernel/config/config.ts'
import { turnOffUrl } from '../services/mail/marks.ts'
import { hostObjects } from '../services/objects/stubs.ts'
import { makeAccount, send } from '../testing/host.ts'

const config = readConfig({ ...env })
const { directory } = hostObjects(env)
const pathOf = (did: string) => turnOffUrl(config, did).slice(config.publicUrl.length)
const isOn = async (did: string) => (await directory.mails.addressee(did))?.signInMails

test('a mail program turns mails about sign-ins off by one POST, without a cookie (RFC 8058)', async () => {
  const { did } = await makeAccount()
  const answer = await send(pathOf(did), {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'List-Unsubscribe=One-Click',
  })
  expect(answer.status).toBe(200)
  expect(await isOn(did)).toBe(false)
})

test('opening the link changes nothing, and offers what can be done, in the language of the browser', async () => {
  const { did, handle } = await makeAccount()
  const page = await send(pathOf(did), { headers: { 'accept-language': 'de' } })
  const html = await page.text()
  expect(html).toContain('<html lang="de">')
  expect(html).toContain(`@${handle}`)
  expect(html).toContain('Abschalten')
  expect(await isOn(did)).toBe(true)
  const form = (on: string) =>
    send(pathOf(did), { method: 'POST', body: new URLSearchParams({ on }) })
  expect(await (await form('no')).text()).toContain('Turn on')
  expect(await isOn(did)).toBe(false)
  await form('yes')
  expect(await isOn(did)).toBe(true)
})

test('a link of another account, or of nobody, does nothing', async () => {
  const [mine, other] = [await makeAccount(), await makeAccount()]
  const mark = new URLSearchParams(pathOf(mine.did).split('?')[1]).get('mark') ?? ''
  for (const query of [
    { did: other.did, mark },
    { did: mine.did, mark: '' },
    { did: mine.did, mark: `${mark.slice(1)}x` },
    {},
  ]) {
    const path = `/mail/sign-ins?${new URLSearchParams(query as Record<string, string>)}`
    const answer = await send(path, { method: 'POST', body: '' })
    expect(answer.status).toBe(400)
  }
  expect(await isOn(other.did)).toBe(true)
  expect(await isOn(mine.did)).toBe(true)
})
