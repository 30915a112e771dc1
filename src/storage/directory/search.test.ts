import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { countRows } from '../sql.ts'
import { type AccountFilter, AccountList, accountFilters } from './account-list.ts'
import { Accounts } from './accounts.ts'
import { ReleasedNames } from './released-names.ts'
import { Roles } from './roles.ts'

const COUNT = 10_000

/** What each filter finds among the accounts of the test. */
const EXPECTED: Readonly<Record<AccountFilter, (n: number) => boolean>> = {
  attention: (n) => n % 10 === 0,
  takendown: (n) => n % 10 === 1,
  deactivated: (n) => n % 10 === 2,
  unconfirmed: (n) => n % 10 === 3,
  'without-factor': (n) => n % 10 === 4,
  new: (n) => n % 10 === 5,
  operators: (n) => n % 10 === 6,
}

test('a page of ten thousand accounts reads two hundred rows at most, however it is searched and filtered', async () => {
  const stub = env.DIRECTORY.get(env.DIRECTORY.idFromName('search'))
  await runInDurableObject(stub, (_, { storage }) => {
    const counted = countRows(storage.sql)
    const { sql } = counted
    const accounts = new Accounts(
      sql,
      new ReleasedNames(sql, { cooldown: 0, domains: [], secret: 'x' }),
    )
    const list = new AccountList(sql)
    const roles = new Roles(sql)
    storage.transactionSync(() => {
      for (let n = 0; n < COUNT; n++) {
        const name = `user-${String(n).padStart(5, '0')}`
        const email = n % 2 === 0 ? `${name}@example.com` : `mail-${n}@example.com`
        const account = { did: `did:plc:${name}`, handle: `${name}.test`, email }
        accounts.reserve(account)
        accounts.confirm(account)
        const { did } = account
        list.setFacts(did, {
          status: EXPECTED.takendown(n)
            ? 'takendown'
            : EXPECTED.deactivated(n)
              ? 'deactivated'
              : 'active',
          deactivatedAt: EXPECTED.deactivated(n) ? '2026-01-01T00:00:00.000Z' : null,
          email,
          emailConfirmedAt: EXPECTED.unconfirmed(n) ? null : '2026-01-01T00:00:00.000Z',
          hasFactor: !EXPECTED['without-factor'](n),
          attention: EXPECTED.attention(n) ? 'a reason' : null,
          storedBytes: 1000,
        })
        if (EXPECTED.operators(n)) roles.set(did, 'operator')
        if (!EXPECTED.new(n)) sql.exec('UPDATE account SET created_at = 1 WHERE did = ?', did)
      }
    })
    const prefixes = ['', 'user-', 'user-00', 'mail-', 'did:plc:user-0', 'nobody', 'user-09999']
    for (const filter of [undefined, ...accountFilters]) {
      for (const prefix of prefixes) {
        const found = new Set<string>()
        counted.take()
        let pages = 0
        for (let page = list.search(prefix, 50, undefined, filter); ; pages++) {
          expect(counted.take().read, `${prefix} ${filter}`).toBeLessThanOrEqual(200)
          expect(page.accounts.length).toBeLessThanOrEqual(50)
          for (const { did } of page.accounts) {
            expect(found.has(did)).toBe(false)
            if (filter) expect(EXPECTED[filter](Number(did.slice(-5)))).toBe(true)
            found.add(did)
          }
          if (!page.next || pages > 2) break
          page = list.search(prefix, 50, page.next, filter)
        }
        // Addresses that begin with `mail-` are those of odd accounts.
        const isThere =
          prefix !== 'nobody' &&
          (!filter ||
            (prefix !== 'user-09999' &&
              (prefix !== 'mail-' || [1, 3, 5].some((n) => EXPECTED[filter](n)))))
        expect(found.size > 0, `${prefix} ${filter}`).toBe(isThere)
        // All pages together have all of them.
        if (filter && prefix === '') {
          let page = list.search('', 1000, undefined, filter)
          let all = page.accounts.length
          while (page.next) {
            page = list.search('', 1000, page.next, filter)
            all += page.accounts.length
          }
          expect([filter, all]).toEqual([filter, COUNT / 10])
        }
      }
    }
  })
})

test('a name and a filter together find all there are, page by page', async () => {
  const stub = env.DIRECTORY.get(env.DIRECTORY.idFromName('search'))
  await runInDurableObject(stub, (_, { storage }) => {
    const list = new AccountList(storage.sql)
    const found: string[] = []
    let page = list.search('user-000', 50, undefined, 'takendown')
    for (;;) {
      found.push(...page.accounts.map(({ did }) => did))
      if (!page.next) break
      page = list.search('user-000', 50, page.next, 'takendown')
    }
    expect(found).toHaveLength(10)
  })
})
