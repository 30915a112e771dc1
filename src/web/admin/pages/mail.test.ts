/** The queue of mails as the console shows it. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { directoryStub, hostObjects } from '../../../services/objects/stubs.ts'
import { openConsole } from '../../../testing/console-browser.ts'

const { directory } = hostObjects(env)
const HOUR = 60 * 60 * 1000

/** A mail that was given up. */
const giveUp = (id: string, recipient: string, expiresIn: number) =>
  runInDurableObject(directoryStub(env), (_, { storage: { sql } }) => {
    sql.exec(
      `INSERT INTO mail (id, recipient, kind, sealed, expires_at, due_at, created_at, attempts, failed_at, error)
       VALUES (?, ?, 'reset <b>password</b>', x'5ec7e7', ?, NULL, 1, 3, ?, '550 <script>no</script>')`,
      id,
      recipient,
      Date.now() + expiresIn,
      Date.now(),
    )
  })

test('what was given up is shown as text, and tried again while its time lasts', async () => {
  const browser = await openConsole()
  await giveUp('late', 'late@example.com', -HOUR)
  await giveUp('good', 'good@example.com', HOUR)
  const page = await browser.get('/admin/mail')
  expect(page).toContain('550 &lt;script&gt;no&lt;/script&gt;')
  expect(page).not.toContain('<b>password')
  expect(page).toContain('Try again: the mail to good@example.com')
  expect(page).not.toContain('Try again: the mail to late@example.com')
  expect(page).toContain('its time is over')
  const refused = await browser.post('/admin/mail/retry', { id: 'late' })
  expect(refused.status).toBe(400)
  const done = await browser.post('/admin/mail/retry', { id: 'good' })
  expect([done.status, done.headers.get('location')]).toEqual([303, '/admin/mail?done=retried'])
  // It is tried at once, and what this test has written is no mail.
  await vi.waitFor(async () => {
    const [good] = (await directory.mails.list(100)).filter(({ id }) => id === 'good')
    expect(good).toMatchObject({ attempts: 4, error: 'it could not be read' })
  })
  const [entry] = await directory.audit.list({}, 1)
  expect(entry).toMatchObject({ action: 'console.mail.retry', detail: '{"ref":"good"}' })
})

test('a long queue comes in pages', async () => {
  const browser = await openConsole()
  for (let n = 100; n < 160; n++) await giveUp(`n${n}`, `n${n}@example.com`, HOUR)
  const first = await browser.get('/admin/mail')
  const [, next = ''] = /href="(\/admin\/mail\?after=[^"]+)"/.exec(first) ?? []
  expect(first).not.toContain('n159@example.com')
  expect(await browser.get(next)).toContain('n159@example.com')
})
