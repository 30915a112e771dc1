/** A generated client (docs/clients.md) against the running server: signed in by password, by OAuth, and not at all. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PasswordSession } from '@atproto/lex-password-session'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { consent, makeApp, publicOrigin } from '../support/oauth.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { PROJECT } from '../support/project.ts'
import { startServer, type TestServer } from '../support/server.ts'

const NAMESPACES = 'app.bsky.actor.profile,app.bsky.feed.like,com.atproto.server,com.atproto.sync'
const PASSWORD = 'a long password'

let plc: TestPlc
let server: TestServer
let folder: string
// biome-ignore lint/suspicious/noExplicitAny: its types are checked in codegen/client/client.test.ts
let createClient: (agent: unknown, options?: object) => any

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cumulus-client-'))
  symlinkSync(join(PROJECT, 'node_modules'), join(folder, 'node_modules'))
  const cli = join(PROJECT, 'codegen/cli.ts')
  const args = ['client', '--namespace', NAMESPACES, '--out', join(folder, 'client')]
  execFileSync(process.execPath, [cli, ...args])
  const made: { createClient: typeof createClient } = await import(
    /* @vite-ignore */ join(folder, 'client/index.ts')
  )
  createClient = made.createClient
  plc = await startPlc()
  server = await startServer({ env: { PDS_DID_PLC_URL: plc.url, PDS_REGISTRATION: 'open' } })
})
afterAll(async () => {
  await server?.stop()
  await plc?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const signUp = (handle: `${string}.test`) =>
  PasswordSession.createAccount(
    { handle, email: `${handle}@example.com`, password: PASSWORD },
    { service: server.origin },
  )

const like = (n: number) => ({
  subject: {
    uri: `at://did:web:example.com/app.bsky.feed.post/${n}`,
    cid: 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a',
  },
  createdAt: new Date().toISOString(),
})

test('records, blobs and methods of who signed in by password', async () => {
  const client = createClient(await signUp('reader.test'))
  const { like: likes } = client.app.bsky.feed
  const made = [await likes.create(like(1)), await likes.create(like(2))]
  const all = []
  for await (const record of likes.all({ limit: 1 })) all.push(record)
  expect(all.map(({ uri, valid }) => [uri, valid])).toEqual(
    made.map(({ uri }) => [uri, true]).reverse(),
  )
  await likes.delete(made[0].uri)
  const lost = await likes.get(made[0].uri).catch((error: unknown) => error)
  expect(lost).toMatchObject({ error: 'RecordNotFound', status: 400 })
  expect((await likes.list()).records).toHaveLength(1)
  await expect(async () => likes.get('at://did:web:a.test/app.bsky.feed.post/1')).rejects.toThrow(
    'is no record of app.bsky.feed.like',
  )

  const avatar = await client.uploadBlob(new Blob(['picture'], { type: 'image/png' }))
  const { profile } = client.app.bsky.actor
  await profile.put({ displayName: 'Reader', avatar })
  expect((await profile.get()).value).toMatchObject({ displayName: 'Reader' })
  const picture = await fetch(await client.blobUrl(client.ownDid, avatar))
  expect([picture.status, await picture.text()]).toEqual([200, 'picture'])

  const { createAppPassword } = client.com.atproto.server
  expect(await createAppPassword({ name: 'a phone' })).toMatchObject({ name: 'a phone' })
  const { getSession } = client.com.atproto.server
  expect(await getSession()).toMatchObject({ did: client.ownDid, handle: 'reader.test' })
})

test('errors go by their names', async () => {
  const { getRepoStatus, getRecord } = createClient(server.origin).com.atproto.sync
  const error = await getRepoStatus({ did: 'did:web:nobody.test' }).catch((e: unknown) => e)
  expect(getRepoStatus.isError(error, 'RepoNotFound')).toBe(true)
  expect(getRepoStatus.isError(error)).toBe(true)
  expect(getRepoStatus.isError(error, 'SomethingElse')).toBe(false)
  expect(getRecord.isError(error)).toBe(false)
})

test('an app with OAuth writes with the same client', async () => {
  const scope = 'atproto repo:app.bsky.feed.like'
  const { did } = await signUp('app-user.test')
  const { client: app } = makeApp(plc.url, scope)
  const url = await app.authorize(publicOrigin(server.origin), { scope })
  const answer = await consent(url, { did, identifier: 'app-user.test', password: PASSWORD })
  const { session } = await app.callback(answer.searchParams)

  const client = createClient(session)
  expect(client.ownDid).toBe(did)
  const { uri } = await client.app.bsky.feed.like.create(like(3))
  expect((await client.app.bsky.feed.like.get(uri)).uri).toBe(uri)
  await expect(client.app.bsky.actor.profile.put({ displayName: 'No' })).rejects.toMatchObject({
    error: 'ScopeMissingError',
  })
  expect(await client.blobUrl(did, { ref: 'bafy' })).toContain(publicOrigin(server.origin))
})

test('a subscription is a loop over its messages, from a cursor, until it is left', async () => {
  const client = createClient(await signUp('listener.test'))
  await client.app.bsky.feed.like.create(like(4))
  const { subscribeRepos } = client.com.atproto.sync
  const seen: string[] = []
  for await (const message of subscribeRepos({ cursor: 0 })) {
    if (message.$type === 'com.atproto.sync.subscribeRepos#info') continue
    seen.push(message.$type)
    if (message.repo === client.ownDid && message.ops?.[0]?.path.includes('like')) break
  }
  expect(seen).toContain('com.atproto.sync.subscribeRepos#identity')
  const future = subscribeRepos({ cursor: 1_000_000 }).next()
  const error = await future.catch((e: unknown) => e)
  expect(subscribeRepos.isError(error, 'FutureCursor')).toBe(true)
})

test('it is bundled for browsers without anything of Node', async () => {
  const { outputFiles, warnings } = await build({
    entryPoints: [join(folder, 'client/index.ts')],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
  })
  expect(warnings).toEqual([])
  expect(outputFiles[0]?.text).not.toMatch(/from"node:|require\(/)
})
