import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, expect, test, vi } from 'vitest'
import { SignUpQueue } from '../../storage/directory/sign-up-queue.ts'
import { QUEUE_CHECK, refuseOverdue } from './sign-ups.ts'

const DAY = 24 * 60 * 60 * 1000
let made = 0

afterEach(() => {
  vi.useRealTimers()
})

/** A queue of its own, with a clock that moves by `later` only. */
function withQueue(
  work: (queue: SignUpQueue, signUp: (name: string) => string) => Promise<void>,
): Promise<void> {
  const stub = env.DIRECTORY.get(env.DIRECTORY.idFromName(`queue ${made++}`))
  return runInDurableObject(stub, async (_, { storage: { sql } }) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const queue = new SignUpQueue(sql)
    await work(queue, (name) => {
      const did = `did:web:${name}.test`
      sql.exec(
        'INSERT INTO account (did, handle, email, ready, created_at) VALUES (?, ?, NULL, 1, ?)',
        did,
        `${name}.test`,
        Date.now(),
      )
      queue.add(did, null)
      return did
    })
  })
}

const later = (ms: number) => vi.setSystemTime(Date.now() + ms)

test('who has waited too long is refused, the others wait on; what broke off is done again', () =>
  withQueue(async (queue, signUp) => {
    const old = signUp('old')
    later(10 * DAY)
    const young = signUp('young')
    const refuse = vi.fn(async (did: string, reason: string) => {
      queue.refuse(did, reason)
    })
    const job = refuseOverdue(queue, 14 * DAY, refuse)
    await job.run()
    expect(refuse).not.toHaveBeenCalled()
    expect(job.repeatAfter?.()).toBe(QUEUE_CHECK)
    later(5 * DAY)
    await job.run()
    expect(refuse.mock.calls.map(([did]) => did)).toEqual([old])
    // It is still here: its account could not be removed.
    await job.run()
    expect(refuse).toHaveBeenCalledTimes(2)
    queue.remove(old)
    await job.run()
    expect(refuse).toHaveBeenCalledTimes(2)
    queue.remove(young)
    expect(job.repeatAfter?.()).toBeUndefined()
  }))

test('one that cannot be refused holds up no other, and is tried again', () =>
  withQueue(async (queue, signUp) => {
    const broken = signUp('broken')
    const other = signUp('other')
    later(15 * DAY)
    const refuse = vi.fn(async (did: string) => {
      if (did === broken) throw new Error('no answer')
      queue.remove(did)
    })
    const job = refuseOverdue(queue, 14 * DAY, refuse)
    await expect(job.run()).rejects.toThrow('no answer')
    expect(refuse.mock.calls.flat()).toContain(other)
    expect(queue.list(2).waiting.map(({ did }) => did)).toEqual([broken])
    await expect(job.run()).rejects.toThrow('no answer')
  }))

test('places are told in the order of coming, and so many wait and no more', () =>
  withQueue(async (queue, signUp) => {
    const dids: string[] = []
    for (const name of ['c', 'a', 'b']) {
      dids.push(signUp(name))
      later(1000)
    }
    expect(dids.map((did) => queue.place(did))).toEqual([1, 2, 3])
    expect(queue.list(2)).toMatchObject({ total: 3, waiting: [{ did: dids[0] }, { did: dids[1] }] })
    const last = queue.list(2).waiting.at(-1)
    expect(queue.list(2, last).waiting.map(({ did }) => did)).toEqual([dids[2]])
    expect(() => queue.assertRoom(3)).toThrow(expect.objectContaining({ status: 429 }))
    queue.assertRoom(4)
    expect(queue.refuse(dids[0] ?? '', 'no')).toBe(true)
    expect(queue.refuse(dids[0] ?? '', 'again')).toBe(false)
    expect(queue.place(dids[1] ?? '')).toBe(1)
    expect(queue.place('did:web:nobody.test')).toBeUndefined()
  }))
