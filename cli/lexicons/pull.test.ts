/** Pulling from an authority that means harm: nothing of it is written, and nothing outside of the tree. */
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { LexValue } from '@atproto/lex-data'
import { expect, test } from 'vitest'
import { makeProject } from '../../codegen/testing/project.ts'
import { encode } from '../../src/kernel/cbor/encode.ts'
import { readDocument, SCHEMA_COLLECTION } from '../../src/services/lexicons/document.ts'
import { CommandError } from '../terminal/errors.ts'
import { LOCK } from './lock.ts'
import { pull } from './pull.ts'

const NSID = 'com.example.book.entry'
const OTHER = 'com.example.mood.defs'

const published = (id: string, defs: object) => ({ $type: SCHEMA_COLLECTION, lexicon: 1, id, defs })

/** A lexicon whose main definition refers to the other. */
const entry = published(NSID, {
  main: { type: 'object', properties: { mood: { type: 'ref', ref: `${OTHER}#mood` } } },
})

/** Pulls where these are published and proven. */
function pullFrom(root: string, lexicons: readonly { id: string }[], nsids = [NSID]) {
  const resolve = async (nsid: string) => {
    const record = lexicons.find(({ id }) => id === nsid) ?? {}
    const json = readDocument(nsid, encode(record as LexValue))
    return { nsid, did: 'did:web:a.example.com', cid: 'b', json }
  }
  return pull(root, nsids, { update: false, force: false, resolve })
}

test('a lexicon that is referred to and holds code keeps all of them out', async () => {
  const root = makeProject({})
  const defs = {
    mood: { type: 'object', properties: {} },
    'a=globalThis.evil(),b': { type: 'token' },
  }
  await expect(pullFrom(root, [entry, published(OTHER, defs)])).rejects.toThrow(
    'it is no lexicon: defs.a=globalThis.evil(),b: "a=globalThis.evil(),b" is no name for a definition',
  )
  expect(readdirSync(root)).toEqual([])
})

test('a lexicon is not written through a symbolic link that leads elsewhere', async () => {
  const root = makeProject({})
  const elsewhere = makeProject({})
  mkdirSync(join(root, 'lexicons'))
  symlinkSync(elsewhere, join(root, 'lexicons/com'))
  await expect(pullFrom(root, [published(NSID, { main: { type: 'token' } })])).rejects.toThrow(
    /a symbolic link leads out/,
  )
  expect(readdirSync(elsewhere)).toEqual([])
  expect(existsSync(join(root, LOCK))).toBe(false)
})

test.each(['../../../etc/passwd', '__proto__', 'com.example'])(
  'a lock that names %s is no lock',
  async (name) => {
    const lock = `{"lexicons":{${JSON.stringify(name)}:{"did":"did:web:a","cid":"b"}}}`
    const root = makeProject({ [LOCK]: lock })
    await expect(pullFrom(root, [], [])).rejects.toThrow(CommandError)
  },
)
