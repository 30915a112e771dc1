import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, expect, test, vi } from 'vitest'
import type { OutgoingMail } from '../../kernel/mail.ts'
import { MailError } from '../../services/mail/transports/transport.ts'
import { MailQueue } from '../../storage/directory/mail-queue.ts'
import { MailSender } from './mail-sender.ts'

const MINUTE = 60_000
const MAIL = { from: 'host@b.test', to: 'c@d.test', subject: 'Hi', text: 'ABCDE-FGHIJ', html: '' }

afterEach(() => void vi.useRealTimers())

let made = 0
let logged: unknown[] = []

/** Runs `work` with the queue of a directory, and a transport that takes over what `take` lets it. */
function withSender(
  take: (mail: OutgoingMail) => void,
  work: (parts: { queue: MailQueue; sender: MailSender; sql: SqlStorage }) => Promise<void>,
): Promise<void> {
  logged = []
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 })
  const stub = env.DIRECTORY.get(env.DIRECTORY.idFromName(`mails ${made++}`))
  return runInDurableObject(stub, async (_, { storage }) => {
    const queue = new MailQueue(storage.sql)
    const sender = new MailSender({
      queue,
      transport: { send: async (mail) => take(mail) },
      secrets: ['a secret, long enough'],
      log: () => ({ error: (message, _, fields) => void logged.push([message, fields?.why]) }),
    })
    await work({ queue, sender, sql: storage.sql })
  })
}

const unavailable = () => new MailError('busy', { isFinal: false })

test('a mail that was taken over leaves the queue', () => {
  const taken: OutgoingMail[] = []
  return withSender(
    (mail) => void taken.push(mail),
    async ({ queue, sender }) => {
      for (let n = 0; n < 50; n++) queue.add(await sender.seal(MAIL, 'a test', MINUTE))
      expect(sender.due()).toBe(1_000_000)
      await sender.run()
      expect(taken).toHaveLength(50)
      expect(taken[0]).toEqual({ ...MAIL, id: expect.any(String) })
      expect(new Set(taken.map(({ id }) => id)).size).toBe(50)
      expect(sender.due()).toBeUndefined()
      expect(queue.counts()).toEqual({ waiting: 0, failed: 0, lastError: undefined })
    },
  )
})

test('a mail that was not is offered again under the same id, after growing pauses', () => {
  const ids: string[] = []
  return withSender(
    ({ id }) => {
      ids.push(id)
      if (ids.length < 4) throw unavailable()
    },
    async ({ queue, sender }) => {
      queue.add(await sender.seal(MAIL, 'a test', 10 * MINUTE))
      const pauses: number[] = []
      while (sender.due() !== undefined) {
        pauses.push((sender.due() ?? 0) - Date.now())
        vi.setSystemTime(sender.due() ?? 0)
        await sender.run()
        await sender.run()
      }
      expect(pauses).toEqual([0, 3_000, 6_000, 12_000])
      expect(new Set(ids).size).toBe(1)
      expect(queue.counts()).toMatchObject({ waiting: 0, failed: 0 })
    },
  )
})

test('a mail that is refused for good, or too late, is given up, and what it said is forgotten with its time', () =>
  withSender(
    ({ subject }) => {
      throw new MailError('no such mailbox', { isFinal: subject === 'Hi' })
    },
    async ({ queue, sender, sql }) => {
      queue.add(await sender.seal(MAIL, 'refused', MINUTE))
      queue.add(await sender.seal({ ...MAIL, subject: 'Late' }, 'late', MINUTE))
      await sender.run()
      expect(queue.counts()).toEqual({ waiting: 1, failed: 1, lastError: 'no such mailbox' })
      vi.setSystemTime(1_000_000 + MINUTE)
      await sender.run()
      expect(queue.counts()).toMatchObject({ waiting: 0, failed: 2 })
      expect(logged).toHaveLength(3)
      expect(logged).toContainEqual(['a mail was given up', 'no such mailbox'])
      expect(logged).toContainEqual(['a mail was not sent', undefined])
      expect(logged).toContainEqual(['a mail was given up', 'it was too late'])
      const rows = sql.exec('SELECT kind, error, length(sealed) AS size FROM mail ORDER BY kind')
      expect(rows.toArray()).toEqual([
        { kind: 'late', error: 'it was too late', size: 0 },
        { kind: 'refused', error: 'no such mailbox', size: expect.any(Number) },
      ])
      queue.prune(Date.now() + 1)
      expect(sql.exec('SELECT 1 FROM mail WHERE length(sealed) > 0').toArray()).toEqual([])
      queue.prune(Date.now() + 29 * 24 * 60 * MINUTE)
      expect(queue.counts().failed).toBe(2)
      queue.prune(Date.now() + 31 * 24 * 60 * MINUTE)
      expect(queue.counts().failed).toBe(0)
    },
  ))

test('the operator sees whom a mail was for and why it was not sent, and may have it tried again in its time', () => {
  let isMended = false
  const taken: string[] = []
  return withSender(
    ({ id }) => {
      if (!isMended) throw new MailError('wrong password', { isFinal: true })
      taken.push(id)
    },
    async ({ queue, sender }) => {
      for (const kind of ['one', 'two']) queue.add(await sender.seal(MAIL, kind, MINUTE))
      await sender.run()
      const listed = queue.list(1)
      const all = [...listed, ...queue.list(10, listed[0]?.id)]
      expect(all.map(({ kind }) => kind).sort()).toEqual(['one', 'two'])
      expect(all[0]).toEqual({
        id: expect.any(String),
        recipient: 'c@d.test',
        kind: expect.any(String),
        state: 'failed',
        attempts: 1,
        error: 'wrong password',
        createdAt: 1_000_000,
        dueAt: 1_000_000 + MINUTE,
      })
      const [first, second] = all.map(({ id }) => id)
      isMended = true
      expect(queue.retry(first ?? '')).toBe(true)
      expect(queue.retry(first ?? '')).toBe(false)
      expect(queue.retry('nothing')).toBe(false)
      await sender.run()
      expect(taken).toEqual([first])
      expect(queue.counts()).toMatchObject({ waiting: 0, failed: 1 })
      vi.setSystemTime(1_000_000 + MINUTE)
      expect(queue.retry(second ?? '')).toBe(false)
      expect(queue.list(10)).toMatchObject([{ state: 'failed', dueAt: null }])
    },
  )
})

test('what nothing sends any more does not wait for ever', () =>
  withSender(
    () => undefined,
    async ({ queue, sender }) => {
      queue.add(await sender.seal(MAIL, 'a test', MINUTE))
      queue.prune(Date.now() + 2 * MINUTE)
      expect(queue.counts().waiting).toBe(1)
      queue.prune(Date.now() + 25 * 60 * MINUTE)
      expect(queue.counts().waiting).toBe(0)
    },
  ))

test('what waits is not readable in the store', () =>
  withSender(
    () => {
      throw unavailable()
    },
    async ({ queue, sender, sql }) => {
      queue.add(await sender.seal(MAIL, 'a test', MINUTE))
      const [row] = sql.exec<{ sealed: ArrayBuffer }>('SELECT sealed FROM mail').toArray()
      expect(Buffer.from(row?.sealed ?? new ArrayBuffer()).toString('latin1')).not.toContain(
        'ABCDE',
      )
      const other = new MailSender({
        queue,
        transport: { send: async () => undefined },
        secrets: ['another secret, long enough'],
        log: () => ({ error: () => undefined }),
      })
      await other.run()
      expect(queue.counts()).toMatchObject({ failed: 1, lastError: 'it could not be read' })
    },
  ))
