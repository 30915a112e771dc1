import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, expect, test, vi } from 'vitest'
import type { MailBudgetLimits } from '../../kernel/config/mail-settings.ts'
import { RateCounter } from '../rate-counter.ts'
import { MailBudgets } from './mail-budgets.ts'

const HOUR = 60 * 60 * 1000
const NONE = { address: undefined, account: undefined, host: undefined }

afterEach(() => void vi.useRealTimers())

let made = 0

const withBudgets = (
  limits: Partial<MailBudgetLimits>,
  work: (budgets: MailBudgets, sql: SqlStorage) => void,
): Promise<void> => {
  const stub = env.DIRECTORY.get(env.DIRECTORY.idFromName(`budgets ${made++}`))
  return runInDurableObject(stub, (_, { storage: { sql } }) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    work(new MailBudgets(sql, new RateCounter(sql), { ...NONE, ...limits }), sql)
  })
}

const later = (ms: number) => vi.setSystemTime(Date.now() + ms)
const DID = 'did:web:a.test'

test('an address gets so many in an hour and so many in a day, in whatever case it is written', () =>
  withBudgets({ address: { hour: 2, day: 3 } }, (budgets) => {
    expect(budgets.spend('a@b.test', DID)).toBeUndefined()
    expect(budgets.spend('A@b.test', 'did:web:other.test')).toBeUndefined()
    expect(budgets.spend('a@b.test', DID)).toMatchObject({ exceeded: true, limit: 2, window: HOUR })
    expect(budgets.spend('c@b.test', DID)).toBeUndefined()
    later(HOUR)
    expect(budgets.spend('a@b.test', DID)).toBeUndefined()
    expect(budgets.spend('a@b.test', DID)).toMatchObject({ limit: 3, window: 24 * HOUR })
    later(24 * HOUR)
    expect(budgets.spend('a@b.test', DID)).toBeUndefined()
  }))

test('a mail that one budget has no room for is counted against none', () =>
  withBudgets({ account: { hour: 1, day: 9 }, host: { hour: 2, day: 9 } }, (budgets) => {
    expect(budgets.spend('a@b.test', DID)).toBeUndefined()
    for (let n = 0; n < 5; n++) expect(budgets.spend('a@b.test', DID)).toMatchObject({ limit: 1 })
    expect(budgets.spend('c@b.test', 'did:web:c.test')).toBeUndefined()
    expect(budgets.spend('d@b.test', 'did:web:d.test')).toMatchObject({ limit: 2 })
  }))

test('what a stranger wishes for is refused alike, whatever else was mailed to the address', () =>
  withBudgets({ address: { hour: 2, day: 9 }, host: { hour: 5, day: 9 } }, (budgets, sql) => {
    budgets.spend('known@b.test', DID)
    budgets.spend('known@b.test', DID)
    for (const address of ['known@b.test', 'unknown@b.test']) {
      const answers = [1, 2, 3].map(() => budgets.spendWish(address)?.limit)
      expect(answers).toEqual([undefined, undefined, 2])
    }
    // Nor is it anybody's budget but that of wishes.
    for (let n = 0; n < 3; n++) expect(budgets.spend(`${n}@b.test`, `did:web:${n}`)).toBeUndefined()
    expect(budgets.spendWish('third@b.test')).toMatchObject({ limit: 5 })
    const stored = JSON.stringify(sql.exec('SELECT key FROM rate').toArray())
    expect(stored).not.toContain('@b.test')
  }))

test('what was dropped is counted for thirty days', () =>
  withBudgets({}, (budgets) => {
    budgets.noteDropped(Date.now())
    budgets.noteDropped(Date.now())
    later(29 * 24 * HOUR)
    budgets.noteDropped(Date.now())
    budgets.prune(Date.now())
    expect(budgets.dropped()).toBe(3)
    later(3 * 24 * HOUR)
    budgets.prune(Date.now())
    expect(budgets.dropped()).toBe(1)
  }))
