import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { countRows } from '../sql.ts'
import { Accounts } from './accounts.ts'
import { ReleasedNames } from './released-names.ts'

const COUNT = 10_000

test('a page of ten thousand accounts reads two hundred rows at most, however it is searched', async () => {
  const stub = env.DIRECTORY.get(env.DIRECTORY.idFromName('search'))
  await runInDurableObject(stub, (_, { storage }) => {
    const counted = countRows(storage.sql)
    const { sql } = counted
    const accounts = new Accounts(sql, new ReleasedNames(sql, { cooldown: 0, domains: [] }))
    storage.transactionSync(() => {
      for (let n = 0; n < COUNT; n++) {
        const name = `user-${String(n).padStart(5, '0')}`
        const email = n % 2 === 0 ? `${name}@example.com` : `mail-${n}@example.com`
        const account = { did: `did:plc:${name}`, handle: `${name}.test`, email }
        accounts.reserve(account)
        accounts.confirm(account)
      }
    })
    for (const prefix of [
      '',
      'user-',
      'user-00',
      'mail-',
      'did:plc:user-0',
      'nobody',
      'user-09999',
    ]) {
      const found = new Set<string>()
      let pages = 0
      for (let page = accounts.search(prefix, 50); ; pages++) {
        for (const { did } of page.accounts) {
          expect(found.has(did)).toBe(false)
          found.add(did)
        }
        counted.take()
        if (!page.next || pages > 2) break
        page = accounts.search(prefix, 50, page.next)
        expect(counted.take().read, prefix).toBeLessThanOrEqual(200)
      }
      expect(found.size > 0).toBe(prefix !== 'nobody')
    }
  })
})
