import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { type StoredLexicon, StoredLexicons } from './lexicons.ts'

let made = 0

/** Runs a test on a fresh, empty directory. */
const withLexicons = (work: (storage: DurableObjectStorage) => void): Promise<void> => {
  const id = env.DIRECTORY.idFromName(`lexicons ${made++}`)
  return runInDurableObject(env.DIRECTORY.get(id), (_, { storage }) => work(storage))
}

const found = (nsid: string, fetchedAt: number, json = '{}'): StoredLexicon => ({
  nsid,
  published: { did: 'did:web:example.com', cid: 'bafy', json },
  reason: '',
  fetchedAt,
})

const missing = (nsid: string, fetchedAt: number): StoredLexicon => ({
  nsid,
  published: null,
  reason: 'nothing there',
  fetchedAt,
})

test('what was kept is found, and the newest answer counts', () =>
  withLexicons((storage) => {
    const lexicons = new StoredLexicons(storage)
    expect(lexicons.find('com.example.a')).toBeUndefined()
    lexicons.put(missing('com.example.a', 1))
    expect(lexicons.find('com.example.a')).toEqual(missing('com.example.a', 1))
    lexicons.put(found('com.example.a', 2))
    expect(lexicons.find('com.example.a')).toEqual(found('com.example.a', 2))
  }))

test('where there is no room, names without a lexicon go first, then the oldest', () =>
  withLexicons((storage) => {
    const lexicons = new StoredLexicons(storage, { rows: 4, characters: 1_000 })
    const names = () =>
      storage.sql
        .exec('SELECT nsid FROM lexicon ORDER BY nsid')
        .toArray()
        .map(({ nsid }) => nsid)
    lexicons.put(found('a', 1))
    lexicons.put(found('b', 2))
    lexicons.put(missing('c', 3))
    lexicons.put(found('d', 4))
    lexicons.put(missing('e', 5))
    expect(names()).toEqual(['b', 'd', 'e'])
    lexicons.put(found('f', 6))
    lexicons.put(found('g', 7))
    expect(names()).toEqual(['d', 'f', 'g'])
  }))

test('large lexicons count by their size', () =>
  withLexicons((storage) => {
    const lexicons = new StoredLexicons(storage, { rows: 100, characters: 100 })
    lexicons.put(found('a', 1, 'x'.repeat(60)))
    lexicons.put(found('b', 2, 'x'.repeat(60)))
    expect(lexicons.find('a')).toBeUndefined()
    expect(lexicons.find('b')).toBeDefined()
  }))
