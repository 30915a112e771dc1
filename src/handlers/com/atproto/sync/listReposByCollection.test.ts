import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { accountStub, hostObjects, sequencerStub } from '#src/services/objects/stubs.ts'
import { callAs, makeAccount, outcome, send, type TestAccount } from '#src/testing/host.ts'
import { ring } from '#src/testing/settle.ts'

const NOTE = 'com.example.note'

interface Page {
  repos: { did: string }[]
  cursor?: string
}

const ask = (query: string) => send(`/xrpc/com.atproto.sync.listReposByCollection?${query}`)

/** DIDs of those that hold records of a collection, all pages. */
async function holders(collection: string, limit = 500): Promise<string[]> {
  const dids: string[] = []
  let cursor = ''
  do {
    const page: Page = await (await ask(`collection=${collection}&limit=${limit}${cursor}`)).json()
    dids.push(...page.repos.map(({ did }) => did))
    cursor = page.cursor === undefined ? '' : `&cursor=${page.cursor}`
  } while (cursor !== '')
  return dids
}

async function write(
  { did, ...account }: TestAccount,
  writes: ['create' | 'delete', string, string][],
) {
  const response = await callAs({ did, ...account }, 'com.atproto.repo.applyWrites', {
    repo: did,
    writes: writes.map(([action, collection, rkey]) => ({
      $type: `com.atproto.repo.applyWrites#${action}`,
      collection,
      rkey,
      ...(action === 'create' && { value: { $type: collection } }),
    })),
  })
  expect(await outcome(response)).toEqual({ status: 200, error: undefined })
}

/** An alarm that rings waits until the sequencer has the events. */
const untilDelivered = ({ did }: TestAccount) => ring(accountStub(env, did))

test('an account is listed from its first record of a collection to its last', async () => {
  const account = await makeAccount()
  expect(await holders(NOTE)).toEqual([])
  await write(account, [
    ['create', NOTE, 'a'],
    ['create', NOTE, 'b'],
    ['create', 'com.example.other', 'a'],
  ])
  await untilDelivered(account)
  expect(await holders(NOTE)).toEqual([account.did])
  await write(account, [['delete', NOTE, 'a']])
  await untilDelivered(account)
  expect(await holders(NOTE)).toEqual([account.did])
  await evictDurableObject(accountStub(env, account.did))
  await write(account, [
    ['delete', NOTE, 'b'],
    ['delete', 'com.example.other', 'a'],
    ['create', 'com.example.other', 'b'],
  ])
  await untilDelivered(account)
  expect(await holders(NOTE)).toEqual([])
  expect(await holders('com.example.other')).toEqual([account.did])
  // What begins with the same letters is another collection.
  expect(await holders('com.example.othe')).toEqual([])
})

test('pages have no gaps, and leave out accounts that are not active', async () => {
  const accounts = [
    await makeAccount(),
    await makeAccount(),
    await makeAccount(),
    await makeAccount(),
  ]
  const collection = 'com.example.paged'
  for (const account of accounts) {
    await write(account, [['create', collection, 'a']])
    await untilDelivered(account)
  }
  const dids = accounts.map(({ did }) => did)
  expect(await holders(collection, 1)).toEqual(dids)
  expect(await holders(collection, 3)).toEqual(dids)
  const [first, second, third, last] = dids as [string, string, string, string]
  await hostObjects(env).account(first).lifecycle.setTakedown('spam')
  await hostObjects(env).account(third).lifecycle.deactivate(null)
  await hostObjects(env).account(last).lifecycle.destroy()
  expect(await holders(collection, 1)).toEqual([second])
  await hostObjects(env).account(first).lifecycle.setTakedown(null)
  expect(await holders(collection, 1)).toEqual([first, second])
  const rows = await runInDurableObject(sequencerStub(env), (_, { storage }) =>
    storage.sql.exec('SELECT name FROM source_collection WHERE name = ?', collection).toArray(),
  )
  expect(rows).toHaveLength(3)
})

test('what was not told before a crash is told with the events', async () => {
  const account = await makeAccount()
  const collection = 'com.example.crash'
  await runInDurableObject(accountStub(env, account.did), (_, { storage }) => {
    storage.sql.exec('INSERT INTO untold_collection (name) VALUES (?)', collection)
  })
  await evictDurableObject(accountStub(env, account.did))
  await write(account, [['create', collection, 'a']])
  await untilDelivered(account)
  expect(await holders(collection)).toEqual([account.did])
  const untold = await runInDurableObject(accountStub(env, account.did), (_, { storage }) =>
    storage.sql.exec('SELECT name FROM untold_collection').toArray(),
  )
  expect(untold).toEqual([])
})

test('an account of before such lists is asked once', async () => {
  const account = await makeAccount()
  const collection = 'com.example.before'
  await write(account, [['create', collection, 'a']])
  await untilDelivered(account)
  await runInDurableObject(sequencerStub(env), (_, { storage }) => {
    storage.sql.exec('UPDATE source SET collections_known = 0')
    storage.sql.exec('DELETE FROM source_collection')
  })
  expect(await holders(collection)).toEqual([account.did])
  expect((await sequencerStub(env).listByCollection(collection, 10)).toAsk).toEqual([])
})

test('an account that cannot be asked keeps nobody from the list', async () => {
  const collection = 'com.example.broken'
  const [broken, sound] = [await makeAccount(), await makeAccount()]
  for (const account of [broken, sound]) {
    await write(account, [['create', collection, 'a']])
    await untilDelivered(account)
  }
  await runInDurableObject(sequencerStub(env), (_, { storage }) => {
    storage.sql.exec('UPDATE source SET collections_known = 0')
    storage.sql.exec('DELETE FROM source_collection')
  })
  await runInDurableObject(accountStub(env, broken.did), (_, { storage }) => {
    storage.sql.exec('ALTER TABLE record RENAME TO lost')
  })
  expect(await holders(collection)).toEqual([sound.did])
  await runInDurableObject(accountStub(env, broken.did), (_, { storage }) => {
    storage.sql.exec('ALTER TABLE lost RENAME TO record')
  })
  expect(await holders(collection)).toEqual([broken.did, sound.did])
})

test('what is no collection and no cursor is refused', async () => {
  const invalid = { status: 400, error: 'InvalidRequest' }
  expect(await outcome(await ask('collection=nonsense'))).toEqual(invalid)
  expect(await outcome(await ask(`collection=${NOTE}&cursor=-1`))).toEqual(invalid)
})

test('the host says how many accounts it has, as they come and go', async () => {
  const status = async () => {
    const query = 'com.atproto.sync.getHostStatus?hostname=localhost'
    const { seq, ...answer } = await (await send(`/xrpc/${query}`)).json<{ seq: number }>()
    expect(seq).toBeGreaterThan(0)
    return answer as { accountCount: number }
  }
  const { accountCount, ...rest } = await status()
  expect(rest).toEqual({ hostname: 'localhost', status: 'active' })
  const account = await makeAccount()
  expect((await status()).accountCount).toBe(accountCount + 1)
  await write(account, [['create', NOTE, 'a']])
  await hostObjects(env).account(account.did).lifecycle.deactivate(null)
  expect((await status()).accountCount).toBe(accountCount + 1)
  await hostObjects(env).account(account.did).lifecycle.destroy()
  expect((await status()).accountCount).toBe(accountCount)
  const listed = await (await send('/xrpc/com.atproto.sync.listHosts')).json()
  expect(listed).toMatchObject({ hosts: [{ hostname: 'localhost', accountCount }] })
  const other = await send('/xrpc/com.atproto.sync.getHostStatus?hostname=bsky.social')
  expect(await outcome(other)).toEqual({ status: 400, error: 'HostNotFound' })
})
