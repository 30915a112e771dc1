import { expect, test } from 'vitest'
import { indexChecks } from './index-size.ts'

const GB = 1000 ** 3
const find = async (bytes: number[], freeBytes?: number) => {
  const shards = bytes.map((each) => ({ bytes: each }))
  const status = { freeBytes, index: { collections: [], hooks: [], shards } }
  return indexChecks[0]?.run({ status } as never, undefined as never)
}

test('an object of the index that is getting full is named, and no other', async () => {
  expect(await find([1 * GB, 7.5 * GB, 6.9 * GB])).toEqual([
    { what: expect.stringMatching(/^Object 2 of 3 has .*, of 10 GB\.$/) },
  ])
  expect(await find([6.9 * GB])).toEqual([])
})

test('a host with a disk has no such limit', async () => {
  expect(await find([50 * GB], 100 * GB)).toEqual([])
})
