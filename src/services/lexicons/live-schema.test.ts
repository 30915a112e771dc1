import { LexiconDefNotFoundError } from '@atproto/lexicon'
import { expect, test } from 'vitest'
import { defsLexicon, makeResolver, NSID, recordLexicon } from '../../testing/published-lexicons.ts'

const ref = (to: string) => ({ type: 'ref', ref: to })
const record = (more: object = {}) => ({ $type: NSID, text: 'hello', ...more })

/** Resolves what records are validated with, from lexicons that are published. */
async function schemaOf(...lexicons: { id: string }[]) {
  const made = makeResolver()
  for (const lexicon of lexicons) made.network.publish(lexicon)
  const { lexicons: found, def } = await made.resolver.schema(NSID, 'alice')
  return {
    def,
    asked: made.network.asked.filter((name) => !name.startsWith('_lexicon')),
    validate: (value: unknown) => found.assertValidRecord(NSID, value),
  }
}

test('records are validated with the lexicon and with what it refers to', async () => {
  const { validate, def } = await schemaOf(
    recordLexicon(NSID, { mood: ref('com.example.mood.defs#mood') }),
    defsLexicon('com.example.mood.defs', {
      mood: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
    }),
  )
  expect(def.key).toBe('tid')
  validate(record())
  validate(record({ mood: { name: 'calm' } }))
  expect(() => validate(record({ mood: {} }))).toThrow('Record/mood must have the property "name"')
})

test('a reference to what every object has leads nowhere', async () => {
  const { validate } = await schemaOf(
    recordLexicon(NSID, { mood: ref('com.example.mood.defs#constructor') }),
    defsLexicon('com.example.mood.defs', { mood: { type: 'object', properties: {} } }),
  )
  validate(record())
  expect(() => validate(record({ mood: {} }))).toThrow(LexiconDefNotFoundError)
})

test('only what records can refer to is fetched', async () => {
  const { asked } = await schemaOf(
    recordLexicon(NSID, { mood: ref('com.example.mood.defs#mood') }),
    defsLexicon('com.example.mood.defs', {
      mood: { type: 'object', properties: {} },
      other: { type: 'object', properties: { far: ref('com.example.far.defs#thing') } },
    }),
  )
  expect(asked).toEqual([NSID, 'com.example.mood.defs'])
})

test('references in circles come to an end', async () => {
  const { validate, asked } = await schemaOf(
    recordLexicon(NSID, { next: ref('com.example.a.defs#node') }),
    defsLexicon('com.example.a.defs', {
      node: { type: 'object', properties: { next: ref('com.example.b.defs#node') } },
    }),
    defsLexicon('com.example.b.defs', {
      node: { type: 'object', properties: { next: ref('com.example.a.defs#node') } },
    }),
  )
  validate(record({ next: { next: { next: {} } } }))
  expect(() => validate(record({ next: { next: { next: 1 } } }))).toThrow(/must be an object/)
  expect(asked).toHaveLength(3)
})

test('references without end are followed to fifty lexicons', async () => {
  const chain = Array.from({ length: 80 }, (_, index) =>
    defsLexicon(`com.example.a${index}.defs`, {
      node: { type: 'object', properties: { next: ref(`com.example.a${index + 1}.defs#node`) } },
    }),
  )
  const { validate, asked } = await schemaOf(
    recordLexicon(NSID, { next: ref('com.example.a0.defs#node') }),
    ...chain,
  )
  validate(record({ next: { next: {} } }))
  expect(asked.length).toBeLessThanOrEqual(50)
})

test('a reference into the tree of this host needs no network', async () => {
  const { validate, asked } = await schemaOf(
    recordLexicon(NSID, { subject: ref('com.atproto.repo.strongRef') }),
  )
  expect(asked).toEqual([NSID])
  expect(() => validate(record({ subject: { uri: 'at://did:web:a.example.com' } }))).toThrow(
    'Record/subject must have the property "cid"',
  )
})

test('a reference that leads nowhere matters only to records that need it', async () => {
  const { validate } = await schemaOf(
    recordLexicon(NSID, { mood: ref('com.example.gone.defs#mood') }),
  )
  validate(record())
  expect(() => validate(record({ mood: {} }))).toThrow(LexiconDefNotFoundError)
})

test('a lexicon of something else is no schema of records', async () => {
  const made = makeResolver()
  made.network.publish(defsLexicon(NSID, { main: { type: 'object', properties: {} } }))
  await expect(made.resolver.schema(NSID, 'alice')).rejects.toThrow(/is no record type/)
})

test('a lexicon whose references are no names is no schema either', async () => {
  const made = makeResolver()
  made.network.publish(recordLexicon(NSID, { bad: ref('#a#b') }))
  await expect(made.resolver.schema(NSID, 'alice')).rejects.toMatchObject({ kind: 'invalid' })
})
