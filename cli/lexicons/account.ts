/** The account that lexicons are published in, on whatever host it lives. */
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { UsageError } from '../../codegen/errors.ts'
import { escapeControls } from '../../codegen/escape-controls.ts'
import { pdsOf } from '../../src/services/identity/did-document.ts'
import type { ResolutionSettings } from '../../src/services/identity/resolve-did.ts'
import { SCHEMA_COLLECTION } from '../../src/services/lexicons/document.ts'
import { CommandError } from '../terminal/errors.ts'
import { didOf, documentOf } from './network.ts'

/** Where the password is taken from, so that it is on no command line. */
export const PASSWORD = 'LEXICONS_PASSWORD'

export interface Account {
  did: string
  /** Origin of its host. */
  server: string
}

/** A published record as `listRecords` gives it. */
export interface PublishedRecord {
  nsid: string
  cid: string
  value: object
}

/** @param server where to look, if not where the DID document says. @throws CommandError; UsageError */
export async function findAccount(
  handleOrDid: string,
  server: string | undefined,
  settings: ResolutionSettings,
): Promise<Account> {
  if (server !== undefined) {
    const origin = safeOrigin(server)
    if (handleOrDid.startsWith('did:')) return { did: handleOrDid, server: origin }
    const query = `com.atproto.identity.resolveHandle?handle=${encodeURIComponent(handleOrDid)}`
    const { did } = await call<{ did: string }>(origin, query)
    return { did, server: origin }
  }
  const did = handleOrDid.startsWith('did:') ? handleOrDid : await didOf(handleOrDid, settings)
  const document = await documentOf(did, settings).catch(() => undefined)
  const pds = document && pdsOf(document)
  if (pds) return { did, server: safeOrigin(pds) }
  throw new CommandError(`where ${did} lives could not be looked up: say it with --server`)
}

/** Passwords are sent there: by https, or not off this machine. */
function safeOrigin(server: string): string {
  const url = URL.parse(server)
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(url?.hostname ?? '')
  if (url && (url.protocol === 'https:' || (url.protocol === 'http:' && isHere))) return url.origin
  throw new UsageError(`"${server}" is no server to send a password to: https://… is`)
}

/** Everything that the account publishes. */
export async function publishedBy({ did, server }: Account): Promise<PublishedRecord[]> {
  const found: PublishedRecord[] = []
  let cursor: string | undefined
  do {
    const query = new URLSearchParams({ repo: did, collection: SCHEMA_COLLECTION, limit: '100' })
    if (cursor !== undefined) query.set('cursor', cursor)
    const page = await call<{
      cursor?: string
      records: { uri: string; cid: string; value: object }[]
    }>(server, `com.atproto.repo.listRecords?${query}`)
    for (const { uri, cid, value } of page.records) {
      found.push({ nsid: uri.split('/').at(-1) ?? '', cid, value })
    }
    cursor = page.records.length > 0 ? page.cursor : undefined
  } while (cursor !== undefined)
  return found
}

/** Runs `work` signed in, and signs out again. */
export async function signedIn(
  { did, server }: Account,
  password: string,
  work: (post: (method: string, body: object) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const session = await call<{ did: string; accessJwt: string; refreshJwt: string }>(
    server,
    'com.atproto.server.createSession',
    { body: { identifier: did, password } },
  )
  try {
    await work((method, body) => call(server, method, { body, token: session.accessJwt }))
  } finally {
    const signOut = { token: session.refreshJwt, body: undefined, method: 'POST' }
    await call(server, 'com.atproto.server.deleteSession', signOut).catch(() => {})
  }
}

interface CallOptions {
  body?: object
  token?: string
  method?: string
}

/** @throws CommandError with what the server says */
async function call<T>(
  server: string,
  path: string,
  { body, token, method = body ? 'POST' : 'GET' }: CallOptions = {},
): Promise<T> {
  const headers: Record<string, string> = {}
  if (body) headers['content-type'] = 'application/json'
  if (token !== undefined) headers.authorization = `Bearer ${token}`
  const [nsid] = path.split('?')
  let response: Response
  try {
    const init = { method, headers, body: body && JSON.stringify(body), redirect: 'error' } as const
    response = await fetch(`${server}/xrpc/${path}`, init)
  } catch (cause) {
    throw new CommandError(`${server} cannot be reached`, { cause })
  }
  const text = await response.text()
  if (!response.ok) throw new CommandError(`${server} refused ${nsid}: ${messageIn(text)}`)
  return (text === '' ? undefined : JSON.parse(text)) as T
}

function messageIn(text: string): string {
  try {
    const { error, message } = JSON.parse(text)
    return escapeControls(String(message ?? error))
  } catch {
    return 'with no reason given'
  }
}

/** From the environment, or asked for without showing it. @throws UsageError when nobody can be asked */
export async function readPassword(account: string): Promise<string> {
  const given = process.env[PASSWORD]
  if (given) return given
  if (!process.stdin.isTTY) throw new UsageError(`set ${PASSWORD} to the password of ${account}`)
  process.stderr.write(`Password of ${account}: `)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true })
  try {
    return await new Promise((resolve) => lines.once('line', resolve))
  } finally {
    lines.close()
    process.stderr.write('\n')
  }
}
