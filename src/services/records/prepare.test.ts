import { jsonToLex, LexiconDefNotFoundError, type LexiconDoc, Lexicons } from '@atproto/lexicon'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scanRecord } from '../../kernel/cbor/scan.ts'
import { lexicons as treeLexicons } from '../../kernel/lexicons.ts'
import { RecordLexicons } from '../../kernel/record-lexicons.ts'
import { prepareRecord } from './prepare.ts'
import type { KnownSchema } from './record-schema.ts'

const POST = 'app.bsky.feed.post'
const ENTRY = 'com.example.entry'

function schemaOf(lexicons: Lexicons, collection: string): KnownSchema {
  const def = lexicons.getDef(collection)
  if (def?.type !== 'record') throw new Error(`no record type: ${collection}`)
  return { lexicons, def }
}

/** A lexicon of a record with these properties, and further definitions. */
const entryLexicon = (properties: object, defs: object = {}): Lexicons =>
  new Lexicons([
    {
      lexicon: 1,
      id: ENTRY,
      defs: {
        main: { type: 'record', key: 'any', record: { type: 'object', properties } },
        ...defs,
      },
    } as LexiconDoc,
  ])

/** A lexicon from the network, one of whose references leads nowhere. */
function live(required: boolean): KnownSchema {
  const lexicons = entryLexicon({ mood: { type: 'ref', ref: 'com.example.gone#mood' } })
  return { ...schemaOf(lexicons, ENTRY), live: { required } }
}

const prepare = (schema: KnownSchema, record: object, validate?: boolean) =>
  prepareRecord({ collection: ENTRY, record: { ...record }, validate }, schema).validationStatus

const refusal = (message: RegExp) =>
  expect.objectContaining({ message: expect.stringMatching(message) })

test('a $type that is no name is refused, wherever it is', () => {
  const record = { text: '', createdAt: new Date(0).toISOString(), embed: { $type: 'a#b#c' } }
  expect(() => prepareRecord({ collection: POST, record }, schemaOf(treeLexicons(), POST))).toThrow(
    refusal(/^Invalid record: Record\/embed\/\$type/),
  )
})

describe('whatever is written can be read by whoever reads strictly', () => {
  const known: KnownSchema = schemaOf(entryLexicon({}), ENTRY)
  const write = (record: object) =>
    prepareRecord({ collection: ENTRY, record: { ...record }, validate: false }, known).record.block

  // Halves of surrogate pairs among them, as JSON may have.
  const text = fc
    .array(fc.constantFrom(0x61, 0x62, 0xd800, 0xd83d, 0xde00, 0xfffd), { maxLength: 3 })
    .map((codes) => String.fromCharCode(...codes))
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.maxSafeInteger(),
      text,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(text, tie('value'), { maxKeys: 4 }),
    ),
  }))

  test('or it is refused', () => {
    let written = 0
    fc.assert(
      fc.property(fc.dictionary(text, value, { maxKeys: 4 }), (record) => {
        let block: Uint8Array
        try {
          block = write(record)
        } catch (error) {
          expect(error).toEqual(refusal(/^Invalid record: .* has a key that is no Unicode text$/))
          return
        }
        written++
        expect(() => scanRecord(block)).not.toThrow()
      }),
      { numRuns: 500, seed: 20261127 },
    )
    expect(written).toBeGreaterThan(50)
  })

  test('also in two keys that are the same character as UTF-8', () => {
    const twice = { '\ud800': 1, '\ud801': 2 }
    for (const record of [twice, { a: [twice] }, { '\ud800': 1, '\ufffd': 2 }]) {
      expect(() => write(record)).toThrow(refusal(/has a key that is no Unicode text$/))
    }
    expect(() => scanRecord(write({ '\ud83d\ude00': 1, '\ufffd': 2 }))).not.toThrow()
  })

  test('as deep as values may nest', () => {
    const nest = (depth: number): unknown => (depth === 0 ? [] : [nest(depth - 1)])
    expect(() => scanRecord(write({ a: nest(126) }))).not.toThrow()
    expect(() => write({ a: nest(127) })).toThrow(refusal(/nested too deeply$/))
  })
})

describe('a lexicon from the network that refers to one which cannot be had', () => {
  test('does for records that have nothing there', () => {
    expect(prepare(live(true), {}, true)).toBe('valid')
  })

  test('leaves other records unknown', () => {
    expect(prepare(live(false), { mood: 1 })).toBe('unknown')
    expect(prepare(live(true), { mood: 1 }, false)).toBeUndefined()
  })

  test('does not do where validation is wanted, by client or operator', () => {
    const wanted = refusal(/^Unknown lexicon type: com\.example\.entry \(.*com\.example\.gone/)
    expect(() => prepare(live(false), { mood: 1 }, true)).toThrow(wanted)
    expect(() => prepare(live(true), { mood: 1 })).toThrow(wanted)
  })
})

describe('objects', () => {
  const anything = { type: 'unknown' }
  const lexicons = entryLexicon(
    {
      anything,
      part: { type: 'ref', ref: '#part' },
      list: { type: 'array', items: anything },
      choice: { type: 'union', refs: ['#part'] },
    },
    { part: { type: 'object', properties: { anything } } },
  )
  const cid = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
  const places = (value: unknown): object[] => [
    { anything: value },
    { part: value },
    { part: { anything: value } },
    { list: [{}, value] },
    { choice: { $type: `${ENTRY}#part`, anything: value } },
  ]
  const prepareAll = (value: unknown) =>
    places(value).map((place) => () => {
      const record = jsonToLex(place as never) as object
      return prepare(schemaOf(lexicons, ENTRY), record)
    })

  test.each<[string, unknown]>([
    ['an array', []],
    ['bytes', { $bytes: 'aGVsbG8' }],
    ['a link', { $link: cid }],
    ['a text', 'hello'],
    ['null', null],
  ])('are never %s', (_, value) => {
    for (const attempt of prepareAll(value)) {
      expect(attempt).toThrow(refusal(/^Invalid record: Record\/.* must be an object$/))
    }
  })

  test('may be something of another lexicon', () => {
    const value = { $type: 'com.example.other', list: [{ $link: cid }] }
    for (const attempt of prepareAll(value)) expect(attempt()).toBe('valid')
  })

  test('may hold a blob, and are none where nothing is known of them', () => {
    const blob = { $type: 'blob', ref: { $link: cid }, mimeType: 'text/plain', size: 0 }
    for (const attempt of prepareAll({ blob })) expect(attempt()).toBe('valid')
    const record = jsonToLex({ anything: blob } as never) as object
    expect(() => prepare(schemaOf(lexicons, ENTRY), record)).toThrow(
      refusal(/^Invalid record: Record\/anything must be an object$/),
    )
  })
})

describe('a reference to a record type', () => {
  const NOTE = 'com.example.note'
  const note = {
    lexicon: 1,
    id: NOTE,
    defs: {
      main: {
        type: 'record',
        key: 'tid',
        record: {
          type: 'object',
          required: ['text'],
          properties: {
            text: { type: 'string', maxLength: 5 },
            picture: { type: 'blob', accept: ['image/png'] },
          },
        },
      },
    },
  } as LexiconDoc
  const lexicons = new RecordLexicons([
    ...entryLexicon(
      {
        one: { type: 'ref', ref: NOTE },
        many: { type: 'array', items: { type: 'union', refs: [NOTE, '#part'], closed: true } },
      },
      { part: { type: 'object', properties: {} } },
    ),
    note,
  ])
  const text = { text: 'short' }
  const picture = {
    $type: 'blob',
    ref: { $link: 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku' },
    mimeType: 'text/plain',
    size: 0,
  }

  test.each<[string, object]>([
    ['in a ref', { one: text }],
    ['in a ref, with its type', { one: { $type: NOTE, ...text } }],
    ['in a union', { many: [{ $type: NOTE, ...text }, { $type: `${ENTRY}#part` }] }],
    ['in a union, with a fragment', { many: [{ $type: `${NOTE}#main`, ...text }] }],
  ])('takes such a record: %s', (_, record) => {
    expect(prepare(schemaOf(lexicons, ENTRY), record)).toBe('valid')
  })

  test.each<[string, object]>([
    ['without what is required', { one: {} }],
    ['beyond a limit', { many: [{ $type: NOTE, text: 'longer' }] }],
    ['of another type', { one: { $type: 'com.example.other', ...text } }],
    ['with a blob of another type', { one: { ...text, picture } }],
    ['with such a blob in a union', { many: [{ $type: `${NOTE}#main`, ...text, picture }] }],
    ['that is a text', { one: 'text' }],
  ])('takes nothing else: %s', (_, record) => {
    const value = jsonToLex(record as never) as object
    expect(() => prepare(schemaOf(lexicons, ENTRY), value)).toThrow(refusal(/^Invalid record/))
  })
})

test('a lexicon of the tree that refers to nothing is a mistake of this host', () => {
  const { live: _, ...known } = live(true)
  expect(() => prepare(known, { mood: 1 })).toThrow(LexiconDefNotFoundError)
})
