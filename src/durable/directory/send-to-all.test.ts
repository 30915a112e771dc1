import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { MailPreferences } from '../../storage/directory/mail-preferences.ts'
import { MailQueue } from '../../storage/directory/mail-queue.ts'
import { Mailings } from '../../storage/directory/mailings.ts'
import { MailSender } from './mail-sender.ts'
import { SendToAll } from './send-to-all.ts'

const MAIL = { from: 'host@b.test', subject: 'News', text: 'Hello all', html: '<p>Hello all' }

let made = 0

interface Parts {
  job: SendToAll
  mailings: Mailings
  queue: MailQueue
  sender: MailSender
  sql: SqlStorage
}

/** Runs `work` with a directory of `accounts`, every tenth of which has no address. */
function withAccounts(accounts: number, work: (parts: Parts) => Promise<void>): Promise<void> {
  const stub = env.DIRECTORY.get(env.DIRECTORY.idFromName(`to all ${made++}`))
  return runInDurableObject(stub, async (_, { storage }) => {
    const { sql } = storage
    for (let n = 0; n < accounts; n++) {
      const name = String(n).padStart(4, '0')
      sql.exec(
        'INSERT INTO account (did, handle, email, ready, created_at) VALUES (?, ?, ?, 1, 0)',
        `did:web:${name}.test`,
        `${name}.test`,
        n % 10 === 0 ? null : `${name}@example.com`,
      )
    }
    const queue = new MailQueue(sql)
    const mailings = new Mailings(sql)
    const preferences = new MailPreferences(sql)
    const log = () => ({ error: () => undefined })
    const transport = { send: async () => undefined }
    const sender = new MailSender({ queue, transport, secrets: ['a secret, long enough'], log })
    const start = () => undefined
    const job = new SendToAll({ storage, mailings, preferences, queue, sender, start })
    await work({ job, mailings, queue, sender, sql })
  })
}

const recipients = (sql: SqlStorage): string[] =>
  sql
    .exec<{ recipient: string }>('SELECT recipient FROM mail')
    .toArray()
    .map(({ recipient }) => recipient)

test('a message goes to every account with an address, once', () =>
  withAccounts(130, async ({ job, mailings, sender, sql }) => {
    mailings.add('news', await sender.sealMailing(MAIL))
    mailings.add('news', await sender.sealMailing({ ...MAIL, subject: 'Again' }))
    await job.run()
    const mailed = recipients(sql)
    expect(mailed).toHaveLength(117)
    expect(new Set(mailed).size).toBe(117)
    expect(mailings.list()).toEqual([])
    expect(job.due()).toBeUndefined()
  }))

test('what ends the work between two pages makes it go on where it was', () =>
  withAccounts(130, async ({ job, mailings, queue, sender, sql }) => {
    mailings.add('news', await sender.sealMailing(MAIL))
    const advance = mailings.advance.bind(mailings)
    let pages = 0
    mailings.advance = (...args) => {
      // In the transaction: the page is undone with it.
      if (++pages === 2) throw new Error('crash')
      advance(...args)
    }
    await expect(job.run()).rejects.toThrow('crash')
    expect(queue.counts().waiting).toBe(45)
    expect(mailings.list()).toMatchObject([{ id: 'news', queued: 45 }])
    expect(job.due()).toBeDefined()
    await job.run()
    expect(new Set(recipients(sql)).size).toBe(117)
    expect(recipients(sql)).toHaveLength(117)
  }))

test('no more are queued while many wait', () =>
  withAccounts(400, async ({ job, mailings, queue, sender }) => {
    mailings.add('news', await sender.sealMailing(MAIL))
    await job.run()
    expect(queue.counts().waiting).toBe(225)
    expect(job.due()).toBeUndefined()
    expect(job.repeatAfter()).toBeGreaterThan(0)
    await sender.run()
    await job.run()
    await sender.run()
    expect(mailings.list()).toEqual([])
  }))
