/** Data folders of releases, in `test/fixtures/data/`: made by `make-kept-data.ts`, and opened by each later version. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { operatorOf } from './accounts.ts'
import { PROJECT } from './project.ts'
import { startServer, type TestServer } from './server.ts'

export const KEPT = join(PROJECT, 'test/fixtures/data')

/** What it takes to open them; known to everybody, as they are. */
const SECRETS = {
  PDS_ADMIN_PASSWORD: 'kept data, admin password',
  PDS_JWT_SECRET: 'kept data, jwt secret',
  PDS_KEY_SECRET: 'kept data, key secret',
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: '11'.repeat(32),
}

/** An account as it is seen from outside, with what it signs in with. */
export interface KeptAccount {
  handle: string
  did: string
  password: string
  appPassword: string | undefined
  /** `active`, or what `getRepoStatus` says it is. */
  status: string
  head: string
  /** URI and CID of each record, in order. */
  records: string[]
  /** CID and SHA-256 of each blob, in order. */
  blobs: string[]
  /** SHA-256 of the repository as a CAR file. */
  car: string
  preferences: unknown[]
  email: string | undefined
}

export interface KeptHost {
  version: string
  /** Invite codes that nobody has used. */
  invites: string[]
  accounts: KeptAccount[]
}

export const keptVersions = (): string[] =>
  readdirSync(KEPT)
    .filter((name) => name.endsWith('.tar.gz'))
    .map((name) => name.slice(0, -'.tar.gz'.length))

export const readKept = (version: string): KeptHost =>
  JSON.parse(readFileSync(join(KEPT, `${version}.json`), 'utf8')) as KeptHost

/** Starts a host with the data of a version, or with none. */
export function startKept(version?: string): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'cumulus-kept-'))
  const dataDirectory = join(folder, 'data')
  mkdirSync(dataDirectory, { mode: 0o700 })
  if (version) execFileSync('tar', ['-xzf', join(KEPT, `${version}.tar.gz`), '-C', dataDirectory])
  else writeFileSync(join(dataDirectory, 'secrets.json'), JSON.stringify(SECRETS), { mode: 0o600 })
  return startServer({ dataDirectory })
}

export async function call(
  server: TestServer,
  method: string,
  { query = {}, body, authorization }: CallOptions = {},
): Promise<unknown> {
  const response = await fetch(`${server.origin}/xrpc/${method}?${new URLSearchParams(query)}`, {
    ...(body !== undefined && { method: 'POST' }),
    ...(body && { body: JSON.stringify(body) }),
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(authorization !== undefined && { authorization }),
    },
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method}: ${response.status} ${text}`)
  return text === '' ? {} : JSON.parse(text)
}

export interface CallOptions {
  query?: Record<string, string>
  /** Makes it a POST; null: one without a body. */
  body?: object | null
  authorization?: string
}

export async function signIn(server: TestServer, identifier: string, password: string) {
  const body = { identifier, password, allowTakendown: true }
  const { accessJwt } = (await call(server, 'com.atproto.server.createSession', { body })) as {
    accessJwt: string
  }
  return `Bearer ${accessJwt}`
}

/** Reads an account of a host: what strangers see, and what its owner does. */
export async function readAccount(
  server: TestServer,
  {
    handle,
    did,
    password,
    appPassword,
  }: Pick<KeptAccount, 'handle' | 'did' | 'password' | 'appPassword'>,
): Promise<KeptAccount> {
  const authorization = await signIn(server, handle, password)
  const asked = (method: string, query: Record<string, string> = {}, by = authorization) =>
    call(server, method, { query, authorization: by })
  const { active, status = 'active' } = (await asked('com.atproto.sync.getRepoStatus', {
    did,
  })) as {
    active: boolean
    status?: string
  }
  // The operator reads what is not shown any more.
  const operator = operatorOf(server)
  const by = active ? authorization : operator
  const query = { did }
  const { cids } = (await asked('com.atproto.sync.listBlobs', query, by)) as { cids: string[] }
  const car = await bytes(server, 'com.atproto.sync.getRepo', query, by)
  const { cid: head } = (await asked('com.atproto.sync.getLatestCommit', query, by)) as {
    cid: string
  }
  const blobs = cids.map(async (cid) => {
    const blob = await bytes(server, 'com.atproto.sync.getBlob', { did, cid }, by)
    return `${cid} ${sha256(blob)}`
  })
  const info = await asked('com.atproto.admin.getAccountInfo', query, operator)
  const preferences = active
    ? ((await asked('app.bsky.actor.getPreferences')) as { preferences: unknown[] }).preferences
    : []
  return {
    handle,
    did,
    password,
    appPassword,
    status,
    head,
    records: active ? await readRecords(server, did) : [],
    blobs: await Promise.all(blobs),
    car: sha256(car),
    preferences,
    email: (info as { email?: string }).email,
  }
}

async function readRecords(server: TestServer, repo: string): Promise<string[]> {
  const { collections } = (await call(server, 'com.atproto.repo.describeRepo', {
    query: { repo },
  })) as { collections: string[] }
  const found: string[] = []
  for (const collection of collections) {
    const { records } = (await call(server, 'com.atproto.repo.listRecords', {
      query: { repo, collection, limit: '100' },
    })) as { records: { uri: string; cid: string; value: unknown }[] }
    found.push(
      ...records.map(({ uri, cid, value }) => `${uri} ${cid} ${sha256(JSON.stringify(value))}`),
    )
  }
  return found
}

async function bytes(
  server: TestServer,
  method: string,
  query: Record<string, string>,
  authorization: string,
): Promise<Buffer> {
  const response = await fetch(`${server.origin}/xrpc/${method}?${new URLSearchParams(query)}`, {
    headers: { authorization },
  })
  const body = Buffer.from(await response.arrayBuffer())
  if (!response.ok) throw new Error(`${method}: ${response.status} ${body.toString()}`)
  return body
}

const sha256 = (data: Buffer | string): string => createHash('sha256').update(data).digest('hex')
