import { describe, expect, test } from 'vitest'
import {
  DID,
  makeResolver,
  NSID,
  proofOf,
  recordLexicon,
} from '../../testing/published-lexicons.ts'
import { ResolutionLimit } from './resolution-limit.ts'

const MINUTE = 60_000
const TTL = 1_000_000

function published() {
  const made = makeResolver()
  made.network.publish(recordLexicon(NSID))
  return made
}

const changed = recordLexicon(NSID, { mood: { type: 'string' } })

test('a lexicon is fetched once, however many ask at the same time', async () => {
  const made = published()
  await Promise.all(Array.from({ length: 20 }, () => made.resolver.lexicon(NSID, 'alice')))
  await made.resolver.lexicon(NSID, 'bob')
  expect(made.network.asked).toEqual(['_lexicon.book.example.com', NSID])
})

test('what one isolate learned is known to the others', async () => {
  const made = published()
  const first = await made.resolver.lexicon(NSID, 'alice')
  made.forget()
  made.network.asked.length = 0
  expect(await made.resolver.lexicon(NSID, 'alice')).toEqual(first)
  expect(made.network.asked).toEqual([])
})

describe('an old lexicon', () => {
  test('is given at once and renewed behind the scenes', async () => {
    const made = published()
    const { cid } = await made.resolver.lexicon(NSID, 'alice')
    made.network.publish(changed)
    made.clock.now += TTL
    made.forget()
    expect((await made.resolver.lexicon(NSID, 'alice')).cid).toBe(cid)
    await made.settled()
    made.clock.now += MINUTE
    await made.resolver.lexicon(NSID, 'alice')
    await made.settled()
    expect((await made.resolver.lexicon(NSID, 'alice')).json).toContain('mood')
  })

  test('stays while its host is down, and goes when it is certain that it is gone', async () => {
    const made = published()
    await made.resolver.lexicon(NSID, 'alice')
    const row = made.rows.get(NSID)
    made.network.host.clear()
    made.clock.now += TTL
    made.forget()
    await made.resolver.lexicon(NSID, 'alice')
    await made.settled()
    expect(made.rows.get(NSID)).toEqual(row)

    const absent = proofOf(NSID, recordLexicon(NSID), { rkey: 'com.example.other' })
    made.network.host.set(NSID, () => new Response(absent))
    made.forget()
    await made.resolver.lexicon(NSID, 'alice')
    await made.settled()
    expect(made.rows.get(NSID)).toMatchObject({ published: null })
  })

  test('is not given any more after seven times its time to live', async () => {
    const made = published()
    await made.resolver.lexicon(NSID, 'alice')
    made.network.host.clear()
    made.clock.now += 7 * TTL
    made.forget()
    await expect(made.resolver.lexicon(NSID, 'alice')).rejects.toMatchObject({
      kind: 'unavailable',
    })
  })
})

test('a name without a lexicon is not asked for again for five minutes', async () => {
  const made = makeResolver()
  const resolve = () => made.resolver.lexicon(NSID, 'alice')
  await expect(resolve()).rejects.toThrow(/no did=/)
  made.forget()
  await expect(resolve()).rejects.toThrow(/no did=/)
  expect(made.network.asked).toHaveLength(1)
  made.network.publish(recordLexicon(NSID))
  made.clock.now += 5 * MINUTE
  made.forget()
  expect(await resolve()).toMatchObject({ did: DID })
})

describe('what strangers can cause', () => {
  let now = 0
  const limit = new ResolutionLimit(() => now)

  test('is a hundred look-ups in ten minutes each, and nothing is remembered of the rest', async () => {
    const made = makeResolver()
    const resolve = (name: string, caller: string) =>
      made.resolver.lexicon(`com.example.${name}.entry`, caller)
    for (let i = 0; i < 100; i++) {
      await expect(resolve(`a${i}`, 'mallory')).rejects.toThrow(/no did=/)
    }
    await expect(resolve('b', 'mallory')).rejects.toMatchObject({ kind: 'busy' })
    expect(made.rows.has('com.example.b.entry')).toBe(false)
    await expect(resolve('b', 'alice')).rejects.toThrow(/no did=/)
    made.clock.now += 10 * MINUTE
    await expect(resolve('c', 'mallory')).rejects.toThrow(/no did=/)
  })

  test('is twenty-four look-ups at the same time, all together', async () => {
    const made = makeResolver()
    const names = Array.from({ length: 30 }, (_, index) => `com.example.a${index}.entry`)
    const results = await Promise.allSettled(
      names.map((nsid, index) => made.resolver.lexicon(nsid, `caller ${index}`)),
    )
    const busy = results.filter(
      (result) => result.status === 'rejected' && result.reason.kind === 'busy',
    )
    expect(busy).toHaveLength(6)
  })

  test('is not blocked for good by look-ups that were cut off', async () => {
    const cut = Array.from({ length: 24 }, () => limit.run(() => new Promise(() => {})))
    expect(cut).not.toContain(undefined)
    expect(limit.run(async () => 1)).toBeUndefined()
    now += 21_000
    expect(await limit.run(async () => 1)).toBe(1)
  })
})
