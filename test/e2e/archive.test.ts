/** "Download my data": what is in the archive is enough to begin anew on another host, and a broken one is seen to be. */
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { verifyRepoCar } from '@atproto/repo'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { operatorOf } from '../support/accounts.ts'
import { SettingsSession } from '../support/browser-session.ts'
import { readMails } from '../support/mail.ts'
import { contentsOf, createThere, furnish, startNamedHost } from '../support/move.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { type TestServer, workerdPidOf } from '../support/server.ts'
import { unzip } from '../support/zip.ts'

const LONG = process.env.CUMULUS_LONG !== undefined
const PASSWORD = 'a long password'
const MB = 1024 * 1024

let plc: TestPlc
let here: TestServer
let there: TestServer
let made = 0

beforeAll(async () => {
  plc = await startPlc()
  here = await startNamedHost(plc, 'here')
  there = await startNamedHost(plc, 'there')
})
afterAll(async () => {
  await here.stop()
  await there.stop()
  await plc.stop()
})

async function signUp(): Promise<AtpAgent> {
  const agent = new AtpAgent({ service: here.origin })
  const handle = `archive${made++}.here.test`
  await agent.createAccount({ handle, email: `${handle}@example.com`, password: PASSWORD })
  return agent
}

const handleOf = (agent: AtpAgent): string => agent.session?.handle ?? ''

const signIn = (agent: AtpAgent) => SettingsSession.open(here.origin, handleOf(agent), PASSWORD)

const download = (session: SettingsSession) => session.get('/settings/archive.zip')

const entriesOf = async (response: Response) => unzip(Buffer.from(await response.arrayBuffer()))

test('all that an account has is in one archive, from which it begins anew on another host', async () => {
  const from = await signUp()
  await furnish(from)
  await from.com.atproto.server.createAppPassword({ name: 'my app' })
  const before = await contentsOf(from)
  const did = from.assertDid
  const response = await download(await signIn(from))
  expect(response.headers.get('content-disposition')).toBe(
    `attachment; filename="${handleOf(from)}.zip"`,
  )
  const entries = await entriesOf(response)
  // Should it have been somebody else.
  await vi.waitFor(async () => {
    const subject = 'Your data were downloaded on localhost'
    const to = `${handleOf(from)}@example.com`
    expect(await readMails(here.origin)).toContainEqual(expect.objectContaining({ to, subject }))
  })
  const names = [...entries.keys()]
  expect(names.slice(0, 5)).toEqual([
    'README.txt',
    'repository.car',
    'preferences.json',
    'account.json',
    'identity.json',
  ])
  expect(names.slice(5, -1)).toEqual(Object.keys(before.bytes).map((cid) => `blobs/${cid}.svg`))
  const json = (name: string) => JSON.parse(entries.get(name)?.toString() ?? '')
  expect(json('complete.json')).toEqual({ blobs: 3, bytes: expect.any(Number), missing: [] })
  expect(json('account.json')).toMatchObject({
    account: { did, handle: handleOf(from), email: `${handleOf(from)}@example.com` },
    signingIn: { appPasswords: [{ name: 'my app', privileged: false }] },
  })
  const { log } = json('identity.json')
  expect(log).toMatchObject([{ did, operation: { type: 'plc_operation' } }])
  const car = entries.get('repository.car') ?? Buffer.of()
  const { creates } = await verifyRepoCar(car, did, log[0].operation.verificationMethods.atproto)
  expect(creates).toHaveLength(Object.keys(before.records).length)
  // What opens something is in it nowhere.
  expect(entries.get('account.json')?.toString()).not.toMatch(/hash|secret|token|private/i)

  const to = await createThere({
    from,
    to: there.origin,
    handle: `archive${made}.there.test`,
    email: 'archive@there.test',
    password: PASSWORD,
  })
  await to.com.atproto.repo.importRepo(car, { encoding: 'application/vnd.ipld.car' })
  for (const [name, bytes] of entries) {
    if (!name.startsWith('blobs/')) continue
    await to.com.atproto.repo.uploadBlob(bytes, { encoding: 'image/svg+xml' })
  }
  await to.app.bsky.actor.putPreferences(json('preferences.json'))
  const { data: status } = await to.com.atproto.server.checkAccountStatus()
  expect(status).toMatchObject({
    indexedRecords: creates.length,
    expectedBlobs: 3,
    importedBlobs: 3,
  })
  const { data: restored } = await to.app.bsky.actor.getPreferences()
  expect(restored).toEqual({ preferences: before.preferences })
})

test('whoever is not signed in is led to where they can be', async () => {
  const response = await fetch(`${here.origin}/settings/archive.zip`, { redirect: 'manual' })
  expect([response.status, response.headers.get('location')]).toEqual([303, '/settings'])
})

test('the owner of an account that was taken down signs in for this, and for nothing else', async () => {
  const agent = await signUp()
  await agent.post({ text: 'still mine' })
  const session = await signIn(agent)
  await takeDown(agent.assertDid)
  expect((await download(session)).status).toBe(303)
  const again = await signIn(agent)
  expect((await again.get('/settings')).headers.get('location')).toBe('/settings/data')
  expect((await again.get('/settings/security')).headers.get('location')).toBe('/settings/data')
  expect(await (await again.get('/settings/data')).text()).toContain('was taken down')
  const refused = await again.post('/settings/app-passwords', { name: 'app' })
  expect(refused.headers.get('location')).toBe('/settings/data')
  const entries = await entriesOf(await download(again))
  expect(JSON.parse(entries.get('account.json')?.toString() ?? '')).toMatchObject({
    account: { status: 'takendown', takenDown: true },
  })
  expect(entries.has('complete.json')).toBe(true)
})

describe('an archive is cut off in the middle of the file', () => {
  test('when the bytes of a blob are not all there', async () => {
    const agent = await signUp()
    await furnish(agent)
    const folder = blobsOf(agent)
    const file = join(folder, readdirSync(folder)[1] ?? '')
    truncateSync(file, statSync(file).size - 1)
    const response = await download(await signIn(agent))
    expect(response.status).toBe(200)
    const { isWhole, bytes } = await readAll(response)
    expect(isWhole).toBe(false)
    expect(() => unzip(bytes)).toThrow('not a whole ZIP file')
  })

  test('when another is begun, and when its owner signs out', async () => {
    const agent = await signUp()
    await uploadLarge(agent, 12, MB)
    const session = await signIn(agent)
    const first = await download(session)
    const second = await download(session)
    expect((await readAll(first)).isWhole).toBe(false)
    await session.post('/settings/sign-out', {})
    expect((await readAll(second)).isWhole).toBe(false)
    const third = await readAll(await download(await signIn(agent)))
    expect(third.isWhole).toBe(true)
    expect(unzip(third.bytes).size).toBe(18)
  })
})

test.runIf(LONG)(
  'an archive of 200 MB takes as much memory as a small one',
  async () => {
    const agent = await signUp()
    await uploadLarge(agent, 50, 4 * MB)
    const session = await signIn(agent)
    const memory = () => {
      const status = readFileSync(`/proc/${workerdPidOf(here)}/status`, 'utf8')
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
    }
    const before = memory()
    let most = before
    let size = 0
    for await (const chunk of (await download(session)).body ?? []) {
      size += chunk.byteLength
      most = Math.max(most, memory())
    }
    console.log(
      `${(size / MB).toFixed()} MB, memory ${before.toFixed()} MB, at most ${most.toFixed()} MB`,
    )
    expect(size).toBeGreaterThan(200 * MB)
    expect(most - before).toBeLessThan(100)
  },
  300_000,
)

/** What arrives of an answer, and whether it has an end. */
async function readAll(response: Response): Promise<{ isWhole: boolean; bytes: Buffer }> {
  const chunks: Uint8Array[] = []
  try {
    for await (const chunk of response.body ?? []) chunks.push(chunk)
    return { isWhole: true, bytes: Buffer.concat(chunks) }
  } catch {
    return { isWhole: false, bytes: Buffer.concat(chunks) }
  }
}

async function uploadLarge(agent: AtpAgent, count: number, size: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    await agent.uploadBlob(randomBytes(size), { encoding: 'application/octet-stream' })
  }
}

const blobsOf = ({ assertDid }: AtpAgent): string =>
  join(here.dataDirectory, 'blobs', encodeURIComponent(assertDid).replaceAll('%', '_'))

async function takeDown(did: string): Promise<void> {
  const response = await fetch(`${here.origin}/xrpc/com.atproto.admin.updateSubjectStatus`, {
    method: 'POST',
    headers: { authorization: operatorOf(here), 'content-type': 'application/json' },
    body: JSON.stringify({
      subject: { $type: 'com.atproto.admin.defs#repoRef', did },
      takedown: { applied: true, ref: 'a reason' },
    }),
  })
  if (!response.ok) throw new Error(await response.text())
}
