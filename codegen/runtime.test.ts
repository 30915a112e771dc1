/** The generated files of this checkout at work. */
import { ValidationError } from '@atproto/lexicon'
import { expect, test } from 'vitest'
import { schemas } from '../src/generated/schemas.ts'
import { lexicons, useSchemas, validate } from '../src/kernel/lexicons.ts'

useSchemas(schemas)

const post = { $type: 'app.bsky.feed.post', text: 'hi', createdAt: '2025-01-01T00:00:00Z' }

test('records are validated by their run-time schemas, references included', () => {
  expect(lexicons().validate('app.bsky.feed.post', post).success).toBe(true)
  const tooLong = { ...post, text: 'x'.repeat(4000) }
  expect(lexicons().validate('app.bsky.feed.post', tooLong).success).toBe(false)
  const reply = { ...post, reply: { root: { uri: 'nonsense', cid: 'x' } } }
  expect(lexicons().validate('app.bsky.feed.post', reply).success).toBe(false)
})

test('every reference in the run-time schemas can be followed', () => {
  const missing: string[] = []
  JSON.stringify([...lexicons()], (key, value: unknown) => {
    // There are also properties of these names.
    const isRef = key === 'ref' && typeof value === 'string'
    const refs = key === 'refs' && Array.isArray(value) ? value : isRef ? [value] : []
    for (const ref of refs) if (!lexicons().getDef(String(ref))) missing.push(String(ref))
    return value
  })
  expect(missing).toEqual([])
})

test('a reference to a record type can be followed', () => {
  const $type = 'com.atproto.lexicon.schema'
  const answer = (schema: object) => ({
    uri: 'at://did:web:a.test/com.atproto.lexicon.schema/com.example.a',
    cid: 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a',
    schema,
  })
  const check = (schema: object) =>
    lexicons().assertValidXrpcOutput('com.atproto.lexicon.resolveLexicon', answer(schema))
  expect(() => check({ $type, lexicon: 1 })).not.toThrow()
  expect(() => check({ $type, lexicon: 'one' })).toThrow(ValidationError)
})

test('the lexicons are built once, and the schemas stay as they are', () => {
  expect(lexicons()).toBe(lexicons())
  expect(schemas['app.bsky.feed.like']?.()).not.toBe(schemas['app.bsky.feed.like']?.())
  expect(JSON.stringify(schemas['app.bsky.feed.like']?.())).not.toContain('lex:')
})

test.each(['#images', '#', '#main', 'a#b#c'])('a $type that is no name is invalid: %s', ($type) => {
  const result = validate({ ...post, embed: { $type } }, 'app.bsky.feed.post', 'main', true)
  expect(result).toMatchObject({ success: false, error: expect.any(ValidationError) })
})

test('what the types validate with accepts, refuses, and says when it has no schema', () => {
  expect(validate(post, 'app.bsky.feed.post', 'main', true).success).toBe(true)
  const other = validate({ $type: 'app.bsky.feed.like' }, 'app.bsky.feed.post', 'main', true)
  expect(other).toMatchObject({ success: false })
  const unknown = validate({}, 'tools.ozone.team.defs', 'member')
  if (unknown.success) throw new Error('validated without a schema')
  expect(unknown.error.message).toBe(
    'This server has no run-time schema for tools.ozone.team.defs#member: no record or local method uses it',
  )
})
