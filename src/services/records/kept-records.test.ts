import { expect, test } from 'vitest'
import { AnswerState, holds } from '../../kernel/answer-state.ts'
import { KeptRecords } from './kept-records.ts'
import { type KeptText, keptTexts } from './kept-text.ts'

const name = 'did:web:a.test/com.example.note'

const keep = (text: string): KeptText => keptTexts([text])[0] ?? expect.unreachable()

test('an answer holds until the object changes', () => {
  const object = new AnswerState('a')
  const other = new AnswerState('b')
  const [first, second] = [object.current(), other.current()]
  expect(object.current()).toBe(first)
  expect([holds(first), holds(second)]).toEqual([true, true])
  object.changed()
  expect([holds(first), holds(second)]).toEqual([false, true])
  expect(object.current()).not.toBe(first)
})

test('what an object answered does not hold for the next of the same id', () => {
  const before = new AnswerState('c').current()
  const after = new AnswerState('c')
  expect(holds(before)).toBe(false)
  const now = after.current()
  after.changed()
  expect([holds(before), holds(now)]).toEqual([false, false])
})

test('a number that was never given holds for nobody', () => {
  expect([0, 1, -1, Number.NaN, new AnswerState('d').current() + 1].map(holds)).not.toContain(true)
})

test('texts are kept as bytes, and known for what they are', () => {
  const texts = ['"plain"', '"grün"', '"日本 \u{1f600}"', '', '"\\n"']
  expect(keptTexts(texts)).toEqual(
    texts.map((text) => ({
      text: Buffer.from(text).toString('latin1'),
      isAscii: !/[^\0-\x7f]/.test(text),
    })),
  )
  expect(keptTexts(['a', 'b'])).toEqual([
    { text: 'a', isAscii: true },
    { text: 'b', isAscii: true },
  ])
})

test('records are kept while they hold, the newest of them, up to a size', () => {
  const object = new AnswerState('e')
  const state = object.current()
  const kept = new KeptRecords()
  const text = keep('x'.repeat(60_000))
  for (let n = 0; n < 150; n++) kept.put(name, `${n}`, text, state)
  const count = () =>
    Array.from({ length: 150 }, (_, n) => kept.get(name, `${n}`)).filter(Boolean).length
  expect(count()).toBe(Math.floor((6 * 1024 * 1024) / 60_128))
  expect(kept.get(name, '149')).toBeDefined()
  kept.put(name, 'large', keep('x'.repeat(70_000)), state)
  expect(kept.get(name, 'large')).toBeUndefined()
  object.changed()
  expect(count()).toBe(0)
  kept.put(name, 'late', text, state)
  expect(kept.get(name, 'late')).toBeUndefined()
  // All of them gave their room back.
  const again = object.current()
  for (let n = 0; n < 104; n++) kept.put(name, `${n}`, text, again)
  expect(count()).toBe(104)
})

test('of short records fewer are kept than their texts have room for', () => {
  const state = new AnswerState('short').current()
  const kept = new KeptRecords()
  for (let n = 0; n < 60_000; n++) kept.put(name, `${n}`, keep('{}'), state)
  const count = Array.from({ length: 60_000 }, (_, n) => kept.get(name, `${n}`)).filter(Boolean)
  expect(count.length).toBe(Math.floor((6 * 1024 * 1024) / 130))
})

test.each([
  { reverse: false, first: 'c', middle: 'b', last: 'a' },
  { reverse: true, first: 'a', middle: 'b', last: 'c' },
])(
  'a record that was pushed out is not held by its neighbours either, reverse: $reverse',
  (order) => {
    const { reverse, first, middle, last } = order
    const state = new AnswerState(`neighbours ${reverse}`).current()
    const kept = new KeptRecords()
    const records = [first, middle, last].map((rkey) => ({ rkey, text: keep(rkey.repeat(2000)) }))
    kept.putPage(name, { limit: 5, reverse }, { records, more: false, tag: 'rev', state })
    for (let n = 0; n < 98; n++) kept.put(`${name}s`, `${n}`, keep('x'.repeat(64_000)), state)
    const keysOf = (options: Parameters<typeof kept.page>[1]) =>
      kept.page(name, options)?.map(({ rkey }) => rkey)
    expect(keysOf({ limit: 5, reverse })).toEqual([first, middle, last])
    kept.put(`${name}s`, 'more', keep('x'.repeat(1000)), state)
    expect(kept.get(name, first)).toBeUndefined()
    expect(keysOf({ limit: 5, reverse })).toBeUndefined()
    expect(keysOf({ limit: 5, cursor: middle, reverse: !reverse })).toBeUndefined()
    expect(keysOf({ limit: 1, cursor: middle, reverse })).toEqual([last])
    expect(keysOf({ limit: 2, reverse: !reverse })).toEqual([last, middle])
  },
)

test('of one state nothing is given to whoever has read in another', () => {
  const object = new AnswerState('f')
  const state = object.current()
  const kept = new KeptRecords()
  kept.put(name, 'a', keep('one'), state)
  expect(kept.get(name, 'a', state)).toBeDefined()
  expect(kept.get(name, 'a', state + 1)).toBeUndefined()
})

/** The records of a collection in memory, as an account would list them. */
function listed(keys: readonly string[]) {
  const newestFirst = keys.toSorted().toReversed()
  return ({ limit, cursor, reverse }: { limit: number; cursor?: string; reverse?: boolean }) => {
    const all = reverse ? newestFirst.toReversed() : newestFirst
    const behind = (key: string) => cursor === undefined || (reverse ? key > cursor : key < cursor)
    const page = all.filter(behind).slice(0, limit)
    return { keys: page, more: page.length === limit }
  }
}

test('whatever pages and records were read, were forgotten or cannot be kept, a kept page is that of the account', () => {
  let seed = 20261127
  const random = (below: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
    return (seed >> 8) % below
  }
  let hits = 0
  for (let history = 0; history < 60; history++) {
    const object = new AnswerState(`history ${history}`)
    const fillers = new AnswerState(`fillers ${history}`)
    const kept = new KeptRecords()
    let keys = Array.from({ length: 40 + random(40) }, () => String(random(100)).padStart(2, '0'))
    const isLarge = (key: string) => history % 3 === 0 && key.endsWith('7')
    // Of some histories so large that they push each other out.
    const filler = 'x'.repeat(history % 2 === 0 ? 10 : 64_000)
    let version = 0
    const textOf = (key: string) =>
      isLarge(key) ? undefined : keep(`${key} in ${version}${filler}`)
    for (let step = 0; step < 60; step++) {
      keys = [...new Set(keys)]
      const list = listed(keys)
      const state = object.current()
      const cursor = random(3) === 0 ? undefined : String(random(100)).padStart(2, '0')
      const asked = { limit: 1 + random(12), cursor, reverse: random(2) === 0 }
      const options = cursor === undefined ? { limit: asked.limit, reverse: asked.reverse } : asked
      const { keys: page, more } = list(options as Parameters<typeof list>[0])
      const known = kept.page(name, options)
      if (known) {
        hits++
        expect(known.map(({ rkey }) => rkey)).toEqual(page)
        expect(known.map(({ text }) => text)).toEqual(page.map((key) => textOf(key)?.text))
        expect(kept.tag(name)).toBe(`rev ${version}`)
      } else {
        const records = page.map((rkey) => ({ rkey, text: textOf(rkey) }))
        kept.putPage(name, options, { records, more, tag: `rev ${version}`, state })
      }
      // Others push them out.
      if (filler.length > 10) kept.put(`${name}s`, `${step}`, keep(filler), fillers.current())
      const key = keys[random(keys.length + 1)]
      const text = key === undefined ? undefined : textOf(key)
      if (key !== undefined && text) kept.put(name, key, text, state)
      if (random(25) > 0) continue
      object.changed()
      version++
      if (random(2) === 0) keys.push(String(random(100)).padStart(2, '0'))
      else keys.splice(random(keys.length + 1), 1)
    }
  }
  expect(hits).toBeGreaterThan(500)
})

test('pages that nothing can be kept of, and collections without records, leave nothing behind', () => {
  const state = new AnswerState('g').current()
  const kept = new KeptRecords()
  const empty = { records: [], more: false, tag: 'rev', state }
  kept.putPage(name, { limit: 5 }, empty)
  expect(kept.tag(name)).toBeUndefined()
  kept.putPage(name, { limit: 5 }, { ...empty, records: [{ rkey: 'a', text: undefined }] })
  expect(kept.tag(name)).toBeUndefined()
})
