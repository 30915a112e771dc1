import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { TID } from '@atproto/common-web'
import { beforeAll, expect, test } from 'vitest'
import { accountStub } from '../../services/objects/stubs.ts'
import { makeAccount } from '../../testing/host.ts'
import { countRows } from '../sql.ts'
import { readRecent } from './recent.ts'
import { RecordTakedowns } from './record-takedowns.ts'

const MINUTE = 60_000_000
const HERE_SINCE = '2025-01-01T00:00:00.000Z'
const START = Date.parse(HERE_SINCE) * 1000
const tid = (minutes: number) => TID.fromTime(START + minutes * MINUTE, 0).toString()
const post = (minutes: number) => `app.bsky.feed.post/${tid(minutes)}`

/** Reads as of a rev what is new among records, given by path with the minute that they were written in. */
async function read(since: string, records: Record<string, number>) {
  return runInDurableObject(accountStub(env, did), (_, { storage }) => {
    const counter = countRows(storage.sql)
    const { sql } = counter
    sql.exec('DELETE FROM record')
    for (const [path, minutes] of Object.entries(records)) {
      sql.exec(
        'INSERT INTO record (path, cid, rev, block) VALUES (?, ?, ?, ?)',
        path,
        new Uint8Array([minutes]),
        tid(minutes),
        new Uint8Array([minutes]),
      )
    }
    counter.take()
    const recent = readRecent(sql, since, HERE_SINCE, new RecordTakedowns(sql))
    const { read: rows } = counter.take()
    const posts = recent?.posts.map(({ block }) => block[0])
    const rkeys = recent?.posts.map(({ rkey }) => rkey)
    return recent && { posts, rkeys, profile: recent.profile?.block[0], rows }
  })
}

let did: string
beforeAll(async () => {
  did = (await makeAccount()).did
})

test('new are posts that were written after the rev, oldest first', async () => {
  const records = { [post(120)]: 120, [post(180)]: 180, [post(240)]: 240 }
  expect(await read(tid(150), records)).toMatchObject({ posts: [180, 240] })
  expect(await read(tid(240), records)).toBeNull()
})

test('posts of one commit keep the order of their names', async () => {
  const rev = 200
  const records = { [post(199)]: rev, [post(200)]: rev, [post(198)]: 210 }
  const rkeys = [tid(199), tid(200), tid(198)]
  expect(await read(tid(150), records)).toMatchObject({ posts: [rev, rev, 210], rkeys })
})

test('a profile is given along with new posts, or if it is new', async () => {
  const profile = 'app.bsky.actor.profile/self'
  expect(await read(tid(150), { [profile]: 100, [post(180)]: 180 })).toMatchObject({ profile: 100 })
  expect(await read(tid(150), { [profile]: 170 })).toMatchObject({ posts: [], profile: 170 })
  expect(await read(tid(150), { [profile]: 100 })).toBeNull()
})

test('a client whose clock is slow by minutes has new posts, too', async () => {
  expect(await read(tid(150), { [post(140)]: 151 })).toMatchObject({ posts: [151] })
})

test('an old post that was changed or came by an import is not new', async () => {
  expect(await read(tid(150), { [post(10)]: 151 })).toBeNull()
})

test('a service that knows nothing of what is here gets nothing', async () => {
  for (const since of [tid(-1), '', 'x', '2222222222222']) {
    expect(await read(since, { [post(180)]: 180 }), since).toBeNull()
  }
})

test('rows are read for what is new and for the last hour before it, and never many', async () => {
  const older = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [post(n), n]))
  const { rows, posts } = (await read(tid(197), older)) ?? {}
  expect(posts).toEqual([198, 199])
  expect(rows).toBeLessThanOrEqual(51)
  const all = await read(tid(0), older)
  expect(all?.posts).toHaveLength(10)
  expect(all?.posts?.at(-1)).toBe(199)
})
