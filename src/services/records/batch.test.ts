import { decode } from '@atproto/lex-cbor'
import { expect, test } from 'vitest'
import { cidOf } from '../../kernel/cbor/cid.ts'
import { prepareBatch } from './batch.ts'
import type { RecordSchema } from './record-schema.ts'

const COLLECTION = 'com.example.note'
const schemas = new Map<string, RecordSchema>([[COLLECTION, { required: false }]])
const NSID = 'com.atproto.repo.applyWrites'

test('the records of a batch share one buffer, and their CIDs another, without changing', () => {
  const values = Array.from({ length: 50 }, (_, at) => ({ text: 'x'.repeat(at), at }))
  const { writes } = prepareBatch(
    [
      ...values.map((value, at) => ({
        $type: `${NSID}#create` as const,
        collection: COLLECTION,
        rkey: `key${at}`,
        value,
      })),
      { $type: `${NSID}#delete` as const, collection: COLLECTION, rkey: 'gone' },
    ],
    undefined,
    schemas,
  )
  const records = writes.flatMap((write) => (write.action === 'delete' ? [] : [write.record]))
  expect(records.map(({ block }) => decode(block))).toEqual(
    values.map((value) => ({ $type: COLLECTION, ...value })),
  )
  for (const { cid, block } of records) expect(cid).toEqual(cidOf(block))
  expect(new Set(records.map(({ block }) => block.buffer)).size).toBe(1)
  expect(new Set(records.map(({ cid }) => cid.buffer)).size).toBe(1)
  expect(records[0]?.cid.buffer).not.toBe(records[0]?.block.buffer)
})
