/** Moves an account from one host to another by the standard methods, as migration tools do. */
import { AtpAgent } from '@atproto/api'
import type { TestPlc } from './plc.ts'
import { startServer, type TestServer } from './server.ts'

export interface MoveOptions {
  /** Signed in at the host the account leaves. */
  from: AtpAgent
  /** Origin of the host it goes to. */
  to: string
  handle: string
  email: string
  password: string
  inviteCode?: string
  /** Leaves the account switched on at the old host. */
  stays?: boolean
  /** Reads the token that the old host mailed for the PLC operation. */
  mailedToken(): Promise<string>
}

/** @returns an agent signed in at the new host, where the account is active */
export async function moveAccount(options: MoveOptions): Promise<AtpAgent> {
  const { from } = options
  const to = await createThere(options)
  const did = from.assertDid
  const { data: car } = await from.com.atproto.sync.getRepo({ did })
  await to.com.atproto.repo.importRepo(car, { encoding: 'application/vnd.ipld.car' })
  await copyBlobs(from, to, did)
  const { data } = await from.app.bsky.actor.getPreferences()
  await to.app.bsky.actor.putPreferences(data)

  await moveIdentity(from, to, options.mailedToken)
  await to.com.atproto.server.activateAccount()
  if (!options.stays) await from.com.atproto.server.deactivateAccount({})
  return to
}

/** @param to signed in at the host that the identity is to lead to */
export async function moveIdentity(
  from: AtpAgent,
  to: AtpAgent,
  mailedToken: () => Promise<string>,
): Promise<void> {
  const { data: recommended } = await to.com.atproto.identity.getRecommendedDidCredentials()
  await from.com.atproto.identity.requestPlcOperationSignature()
  const token = await mailedToken()
  const { data: signed } = await from.com.atproto.identity.signPlcOperation({
    token,
    ...recommended,
  })
  await to.com.atproto.identity.submitPlcOperation(signed)
}

export async function createThere(options: Omit<MoveOptions, 'mailedToken'>): Promise<AtpAgent> {
  const { from, handle, email, password, inviteCode } = options
  const to = new AtpAgent({ service: options.to })
  const { data: host } = await to.com.atproto.server.describeServer()
  const lxm = 'com.atproto.server.createAccount'
  const { data: proof } = await from.com.atproto.server.getServiceAuth({ aud: host.did, lxm })
  await to.com.atproto.server.createAccount(
    { handle, email, password, inviteCode, did: from.assertDid },
    { headers: { authorization: `Bearer ${proof.token}` }, encoding: 'application/json' },
  )
  await to.login({ identifier: from.assertDid, password })
  return to
}

async function copyBlobs(from: AtpAgent, to: AtpAgent, did: string): Promise<void> {
  let cursor: string | undefined
  do {
    const { data } = await to.com.atproto.repo.listMissingBlobs({ limit: 2, cursor })
    for (const { cid } of data.blobs) {
      const blob = await from.com.atproto.sync.getBlob({ did, cid })
      await to.com.atproto.repo.uploadBlob(blob.data, { encoding: blob.headers['content-type'] })
    }
    cursor = data.cursor
  } while (cursor)
}

/** Everything that a move must keep. */
export async function contentsOf(agent: AtpAgent) {
  const repo = agent.assertDid
  const { data: described } = await agent.com.atproto.repo.describeRepo({ repo })
  const records: Record<string, string> = {}
  for (const collection of described.collections) {
    let cursor: string | undefined
    do {
      const { data } = await agent.com.atproto.repo.listRecords({ repo, collection, cursor })
      for (const { uri, cid } of data.records) records[uri] = cid
      cursor = data.cursor
    } while (cursor)
  }
  const { data: blobs } = await agent.com.atproto.sync.listBlobs({ did: repo })
  const bytes: Record<string, string> = {}
  for (const cid of blobs.cids.sort()) {
    const { data } = await agent.com.atproto.sync.getBlob({ did: repo, cid })
    bytes[cid] = Buffer.from(data).toString('base64')
  }
  const { data: preferences } = await agent.app.bsky.actor.getPreferences()
  return { records, bytes, ...preferences }
}

/** Gives an account something to lose: records of several kinds, blobs, preferences. */
export async function furnish(agent: AtpAgent): Promise<void> {
  for (let n = 0; n < 3; n++) {
    const text = `a file of its own, number ${n}`
    const { data } = await agent.uploadBlob(new TextEncoder().encode(text), {
      encoding: 'image/svg+xml',
    })
    await agent.com.atproto.repo.createRecord({
      repo: agent.assertDid,
      collection: 'com.example.file',
      record: { $type: 'com.example.file', name: `file ${n}`, blob: data.blob },
    })
  }
  for (let n = 0; n < 120; n++) await agent.post({ text: `post number ${n}` })
  await agent.upsertProfile(() => ({ displayName: 'Somebody who moves' }))
  await agent.app.bsky.actor.putPreferences({
    preferences: [
      { $type: 'app.bsky.actor.defs#adultContentPref', enabled: true },
      { $type: 'app.bsky.actor.defs#interestsPref', tags: ['moving'] },
    ],
  })
}

/** A host with a name of its own, among several; addresses here are all the same. */
export const startNamedHost = (
  plc: TestPlc,
  name: string,
  env: Record<string, string> = {},
): Promise<TestServer> =>
  startServer({
    env: {
      PDS_DID_PLC_URL: plc.url,
      PDS_SERVICE_DID: `did:web:${name}.test`,
      PDS_SERVICE_HANDLE_DOMAINS: `.${name}.test`,
      PDS_FIRST_HANDLE: `somebody.${name}.test`,
      PDS_REGISTRATION: 'open',
      ...env,
    },
  })
