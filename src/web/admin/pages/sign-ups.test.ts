/** What the console says of sign-ups that come in a burst. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { directoryStub, hostObjects } from '../../../services/objects/stubs.ts'
import type { BurstState } from '../../../storage/directory/burst-rules.ts'
import { openConsole } from '../../../testing/console-browser.ts'

const { directory } = hostObjects(env)
const HOUR = 60 * 60 * 1000

/** @param ago when a sign-up was slowed last, in ms before now */
const burst = (ago: number) =>
  runInDurableObject(directoryStub(env), (_, { storage: { kv } }) => {
    const last = Date.now() - ago
    kv.put('sign-ups', {
      recent: [
        [Date.now() - 2 * HOUR, 'n', 'old.example'],
        [Date.now() - 1000, 'n', 'spam.example'],
      ],
      hours: [],
      hour: 0,
      nextAt: 0,
      episode: {
        since: last - HOUR,
        last,
        count: 43,
        networks: 2,
        limit: 20,
        domain: '<b>spam.example',
        told: true,
      },
    } satisfies BurstState)
  })

test('a burst is shown while it is on, on the page and on the overview', async () => {
  const browser = await openConsole()
  await burst(1000)
  const page = await browser.get('/admin/sign-ups')
  expect(page).toContain('slowed since')
  expect(page).toContain('43 in an hour from 2 networks')
  expect(page).toContain('&lt;b&gt;spam.example')
  expect(await browser.get('/admin/overview')).toContain('Sign-ups come in a burst')
  await burst(HOUR + 1000)
  expect(await browser.get('/admin/sign-ups')).not.toContain('slowed since')
  expect(await browser.get('/admin/overview')).not.toContain('Sign-ups come in a burst')
  expect(await directory.signUps.burst()).toEqual({ lastHour: 1, episode: null })
})

test('names come in pages, and only a label can be one', async () => {
  const browser = await openConsole()
  for (let n = 100; n < 201; n++) await directory.handleRules.set(`n${n}`, 'reserved')
  const first = await browser.get('/admin/sign-ups')
  expect(first).not.toContain('n200')
  const [, next = ''] = /href="(\/admin\/sign-ups\?names=[^"]+)"/.exec(first) ?? []
  expect(await browser.get(next)).toContain('n200')
  const refused = await browser.post('/admin/sign-ups/name', { name: 'a.b', rule: 'reserved' })
  expect(refused.status).toBe(400)
})
