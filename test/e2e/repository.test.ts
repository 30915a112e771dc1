/** The rest of com.atproto.repo.* and com.atproto.sync.*, with the real client against the real server. */
import { AtpAgent } from '@atproto/api'
import { parseCid } from '@atproto/lex-data'
import {
  blocksToCarFile,
  readCar,
  readCarWithRoot,
  verifyProofs,
  verifyRepoCar,
} from '@atproto/repo'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { localResolver } from '../support/identity.ts'
import { PNG } from '../support/png.ts'
import { HANDLE, PASSWORD, startServer, type TestServer } from '../support/server.ts'

const collection = 'app.bsky.feed.post'
const createdAt = '2026-01-01T00:00:00Z'
const post = (text: string) => ({ $type: collection, text, createdAt })

let server: TestServer
let agent: AtpAgent
let did: string
let key: string

beforeAll(async () => {
  server = await startServer({ env: { LOG_LEVEL: 'error' } })
  agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: HANDLE, password: PASSWORD })
  did = agent.assertDid
  key = await localResolver(server.origin).did.resolveAtprotoKey(did)
})
afterAll(() => server?.stop())

const repo = () => agent.com.atproto.repo
const sync = () => agent.com.atproto.sync
const creations = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({
    $type: 'com.atproto.repo.applyWrites#create' as const,
    collection,
    value: post(`number ${from + i}`),
  }))

describe('a batch of writes', () => {
  test('creates, updates and deletes in one commit', async () => {
    const before = await sync().getLatestCommit({ did })
    const { data } = await repo().applyWrites({
      repo: HANDLE,
      writes: [
        {
          $type: 'com.atproto.repo.applyWrites#create',
          collection,
          rkey: '3l2s5poxi4222',
          value: post('a'),
        },
        { $type: 'com.atproto.repo.applyWrites#create', collection, value: post('b') },
        {
          $type: 'com.atproto.repo.applyWrites#update',
          collection,
          rkey: '3l2s5poxi4222',
          value: post('c'),
        },
        {
          $type: 'com.atproto.repo.applyWrites#create',
          collection: 'com.example.any',
          rkey: 'x',
          value: {},
        },
        { $type: 'com.atproto.repo.applyWrites#delete', collection: 'com.example.any', rkey: 'x' },
      ],
      swapCommit: before.data.cid,
    })
    expect(data.results?.map(({ $type }) => $type?.split('#')[1])).toEqual([
      'createResult',
      'createResult',
      'updateResult',
      'createResult',
      'deleteResult',
    ])
    expect(data.results?.[0]).toMatchObject({ validationStatus: 'valid' })
    expect(data.results?.[3]).toMatchObject({ validationStatus: 'unknown' })
    const after = await sync().getLatestCommit({ did })
    expect(data.commit).toEqual(after.data)
    expect(after.data.rev > before.data.rev).toBe(true)
    await expect(
      repo().applyWrites({ repo: did, writes: [], swapCommit: before.data.cid }),
    ).rejects.toMatchObject({ status: 400, error: 'InvalidSwap' })
  })

  test('of nothing is answered, and makes no commit', async () => {
    const before = await sync().getLatestCommit({ did })
    const { data } = await repo().applyWrites({ repo: did, writes: [] })
    expect(data).toEqual({ results: [] })
    expect((await sync().getLatestCommit({ did })).data).toEqual(before.data)
  })

  test('may have 200 writes and no more', async () => {
    const { data } = await repo().applyWrites({ repo: did, writes: creations(0, 200) })
    expect(new Set(data.results?.map((result) => 'uri' in result && result.uri)).size).toBe(200)
    await expect(
      repo().applyWrites({ repo: did, writes: creations(300, 201) }),
    ).rejects.toMatchObject({
      status: 400,
      error: 'InvalidRequest',
    })
  })

  test.each([
    ['creates what is there', '#create', '3l2s5poxi4222', 'RecordAlreadyExists'],
    ['updates what is not there', '#update', '3aaaaaaaaaaaa', 'RecordNotFound'],
  ])('that %s is refused whole', async (_, kind, rkey, error) => {
    const before = await sync().getLatestCommit({ did })
    const writes = [
      { $type: 'com.atproto.repo.applyWrites#create' as const, collection, value: post('first') },
      {
        $type: `com.atproto.repo.applyWrites${kind}` as never,
        collection,
        rkey,
        value: post('second'),
      },
    ]
    await expect(repo().applyWrites({ repo: did, writes })).rejects.toMatchObject({
      status: 400,
      error,
    })
    expect((await sync().getLatestCommit({ did })).data).toEqual(before.data)
  })
})

describe('a swap of one record', () => {
  test('lets through who knows its state and nobody else', async () => {
    const put = (swapRecord: string | null | undefined, text: string) =>
      repo().putRecord({
        repo: did,
        collection,
        rkey: '3l2s5poxi4223',
        record: post(text),
        swapRecord,
      })
    const first = await put(null, 'one')
    await expect(put(null, 'two')).rejects.toMatchObject({ error: 'InvalidSwap' })
    const second = await put(first.data.cid, 'two')
    await expect(put(first.data.cid, 'three')).rejects.toMatchObject({ error: 'InvalidSwap' })
    const remove = (swapRecord: string) =>
      repo().deleteRecord({ repo: did, collection, rkey: '3l2s5poxi4223', swapRecord })
    await expect(remove(first.data.cid)).rejects.toMatchObject({ error: 'InvalidSwap' })
    await remove(second.data.cid)
  })
})

describe('what is read', () => {
  test('is a record in the version that is asked for', async () => {
    const { data } = await repo().createRecord({ repo: did, collection, record: post('version') })
    const rkey = data.uri.slice(data.uri.lastIndexOf('/') + 1)
    const found = await repo().getRecord({ repo: HANDLE, collection, rkey, cid: data.cid })
    expect(found.data).toMatchObject({ uri: data.uri, cid: data.cid, value: { text: 'version' } })
    const { cid } = (await sync().getLatestCommit({ did })).data
    await expect(repo().getRecord({ repo: did, collection, rkey, cid })).rejects.toMatchObject({
      error: 'RecordNotFound',
    })
  })

  test('is a list, newest first or last, page by page', async () => {
    const page = (options: object) =>
      repo()
        .listRecords({ repo: did, collection, ...options })
        .then(({ data }) => data)
    const uris: string[] = []
    let cursor: string | undefined
    do {
      const { records, cursor: next } = await page({ limit: 37, cursor })
      uris.push(...records.map(({ uri }) => uri))
      cursor = next
    } while (cursor)
    expect(uris).toEqual([...uris].sort().reverse())
    expect(new Set(uris).size).toBe(uris.length)
    const oldest = await page({ limit: 3, reverse: true })
    expect(oldest.records.map(({ uri }) => uri)).toEqual([...uris].reverse().slice(0, 3))
  })
})

describe('what is synchronized', () => {
  test('is everything since a rev, which completes a copy of then', async () => {
    const { rev } = (await sync().getLatestCommit({ did })).data
    const whole = await sync().getRepo({ did })
    await repo().applyWrites({ repo: did, writes: creations(400, 20) })
    const since = await sync().getRepo({ did, since: rev })
    expect(since.data.byteLength).toBeLessThan(whole.data.byteLength)
    const { root, blocks } = await readCarWithRoot(since.data)
    const all = (await readCar(whole.data)).blocks.addMap(blocks)
    const { creates } = await verifyRepoCar(await blocksToCarFile(root, all), did, key)
    const now = await verifyRepoCar((await sync().getRepo({ did })).data, did, key)
    expect(creates.length).toBe(now.creates.length)
  })

  test('is the proof of a record, and of the absence of one', async () => {
    const { data } = await repo().createRecord({ repo: did, collection, record: post('proof') })
    const rkey = data.uri.slice(data.uri.lastIndexOf('/') + 1)
    const there = await sync().getRecord({ did, collection, rkey })
    const claim = { collection, rkey, cid: parseCid(data.cid) }
    expect(await verifyProofs(there.data, [claim], did, key)).toMatchObject({
      verified: [{ rkey }],
    })
    const absent = await sync().getRecord({ did, collection, rkey: '3zzzzzzzzzzzz' })
    const nothing = { collection, rkey: '3zzzzzzzzzzzz', cid: null }
    expect(await verifyProofs(absent.data, [nothing], did, key)).toMatchObject({ unverified: [] })
    expect(
      await verifyProofs(absent.data, [{ ...nothing, cid: parseCid(data.cid) }], did, key),
    ).toMatchObject({
      verified: [],
    })
  })

  test('is any block by its CID', async () => {
    const { data: car } = await sync().getRepo({ did })
    const cids = (await readCar(car)).blocks.cids().map(String)
    const wanted = [cids[0], cids[1], cids[2], cids.at(-1)].flatMap((cid) => cid ?? [])
    const found = await sync().getBlocks({ did, cids: wanted })
    expect((await readCar(found.data)).blocks.cids().map(String).sort()).toEqual(
      [...new Set(wanted)].sort(),
    )
    const missing = 'bafyreiarsf4bwzvv56k5hfkphewmtdhhqunlv7ul6xughvsipk3jfmoezu'
    await expect(sync().getBlocks({ did, cids: [...wanted, missing] })).rejects.toMatchObject({
      status: 400,
    })
  })

  test('is told by name: heads, states, hosts', async () => {
    const { cid, rev } = (await sync().getLatestCommit({ did })).data
    expect((await sync().getHead({ did })).data).toEqual({ root: cid })
    expect((await sync().getRepoStatus({ did })).data).toEqual({ did, active: true, rev })
    // It knows of a commit by its event, which comes after the answer.
    await vi.waitFor(async () => {
      const { repos } = (await sync().listRepos()).data
      expect(repos).toEqual([{ did, head: cid, rev, active: true }])
    })
    const checkout = await sync().getCheckout({ did })
    expect(checkout.data).toEqual((await sync().getRepo({ did })).data)
    await expect(sync().getRepoStatus({ did: 'did:web:nobody.test' })).rejects.toMatchObject({
      error: 'RepoNotFound',
    })
  })

  test('are the blobs of records, since a rev or from the start', async () => {
    const { blob } = (await agent.uploadBlob(PNG, { encoding: 'image/png' })).data
    const { rev } = (await sync().getLatestCommit({ did })).data
    expect((await sync().listBlobs({ did })).data.cids).toEqual([])
    const images = [{ image: blob, alt: '' }]
    const embed = { $type: 'app.bsky.embed.images' as const, images }
    await repo().createRecord({ repo: did, collection, record: { ...post('image'), embed } })
    const cid = blob.ref.toString()
    expect((await sync().listBlobs({ did, since: rev })).data.cids).toEqual([cid])
    const now = (await sync().getLatestCommit({ did })).data.rev
    expect((await sync().listBlobs({ did, since: now })).data.cids).toEqual([])
    expect((await repo().listMissingBlobs()).data.blobs).toEqual([])
  })
})

test('a repository that was exported is imported again, and the stream goes on behind it', async () => {
  const { data: car } = await sync().getRepo({ did })
  const before = await verifyRepoCar(car, did, key)
  await repo().deleteRecord({ repo: did, collection, rkey: '3l2s5poxi4222' })
  await repo().importRepo(car, { encoding: 'application/vnd.ipld.car' })
  const after = await verifyRepoCar((await sync().getRepo({ did })).data, did, key)
  expect(after.creates.length).toBe(before.creates.length)
  await repo().createRecord({ repo: did, collection, record: post('after the import') })
  const end = await verifyRepoCar((await sync().getRepo({ did })).data, did, key)
  expect(end.creates.length).toBe(before.creates.length + 1)
})
