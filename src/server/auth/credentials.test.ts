/**
 * Tries every local method with every kind of credentials and compares with `credentials.md`, the table of who
 * may call what. A change of the table is a change of who may do what: `npx vitest run src/server/auth/credentials -u`
 * writes it anew, and its difference is to be read line by line.
 */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import type { LexXrpcParameters, LexXrpcProcedure, LexXrpcQuery } from '@atproto/lexicon'
import { expect, test, vi } from 'vitest'
import { routes } from '../../generated/routes.ts'
import { lexicons } from '../../kernel/lexicons.ts'
import { issueTokens, type TokenPair } from '../../services/accounts/session-tokens.ts'
import { accountStub, hostObjects } from '../../services/objects/stubs.ts'
import { Sessions } from '../../storage/account/sessions.ts'
import { basic, send } from '../../testing/host.ts'
import { connectApp } from '../../testing/oauth.ts'
import { makeOperator } from '../../testing/operator.ts'

const issuer = { secrets: ['test jwt secret, long enough'], serviceDid: 'did:web:localhost' }
const CID = 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'

const objects = hostObjects(env)
let made = 0

/** An account that nobody else uses, in one of the states that matter. */
async function makeAccount(
  state: 'active' | 'deactivated' | 'takendown' | 'waiting',
): Promise<string> {
  const handle = `cred-${made++}.test`
  const did = `did:web:${handle}`
  await objects.directory.accounts.reserve({ did, handle, email: null })
  await objects.account(did).lifecycle.create({
    did,
    handle,
    email: null,
    password: null,
    awaitsApproval: state === 'waiting',
  })
  await objects.directory.accounts.confirm({ did, handle })
  if (state === 'deactivated') await objects.account(did).lifecycle.deactivate(null)
  if (state === 'takendown') await objects.account(did).lifecycle.setTakedown('a test')
  return did
}

/** The tokens of a session that is open. */
async function signIn(did: string, scope: string): Promise<TokenPair & { id: string }> {
  const { id, family } = await runInDurableObject(accountStub(env, did), (_, { storage }) =>
    new Sessions(storage.sql).open(scope, null),
  )
  return { ...(await issueTokens(issuer, { did, scope, id, family })), id }
}

const bearer = (token: string) => `Bearer ${token}`

async function serviceToken(did: string, lxm: string): Promise<string> {
  return bearer(await objects.account(did).serviceTokens.sign({ aud: issuer.serviceDid, lxm }))
}

interface Caller {
  /** The account that the request is about. */
  did: string
  authorization?: string
  /** Makes the proof of possession for a request, where the token needs one. */
  prove?: (method: string, path: string) => Promise<string>
}

type State = Parameters<typeof makeAccount>[0]

const session =
  (scope: string, state: State = 'active', kind: keyof TokenPair = 'accessJwt') =>
  async (): Promise<Caller> => {
    const did = await makeAccount(state)
    return { did, authorization: bearer((await signIn(did, scope))[kind]) }
  }

const withHeader = (authorization: string | undefined) => async (): Promise<Caller> => ({
  did: await makeAccount('active'),
  authorization,
})

const ACCESS = 'com.atproto.access'

const EVERYTHING = [
  'atproto repo:* blob:*/* identity:* account:email?action=manage account:repo?action=manage',
  'account:status?action=manage rpc:*?aud=did:web:api.bsky.app%23bsky_appview',
  'rpc:com.example.method?aud=* transition:email',
].join(' ')

/** An app that acts for an account. */
const withOAuth =
  (scope: string, state: State = 'active', { otherKey = false } = {}) =>
  async (_nsid: string): Promise<Caller> => {
    const did = await makeAccount(state)
    const app = await connectApp(did, scope)
    const prove = otherKey ? (await connectApp(did, scope)).prove : app.prove
    return { did, authorization: `DPoP ${app.accessToken}`, prove }
  }

/** The columns of the table. */
const callers: Record<string, (nsid: string) => Promise<Caller>> = {
  none: withHeader(undefined),
  garbage: withHeader('Bearer garbage'),
  access: session(ACCESS),
  'app password': session('com.atproto.appPass'),
  privileged: session('com.atproto.appPassPrivileged'),
  deactivated: session(ACCESS, 'deactivated'),
  takendown: session('com.atproto.takendown', 'takendown'),
  waiting: session('com.atproto.signupQueued', 'waiting'),
  refresh: session(ACCESS, 'active', 'refreshJwt'),
  async expired() {
    const did = await makeAccount('active')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3 * 60 * 60 * 1000 })
    const { accessJwt } = await signIn(did, ACCESS)
    vi.useRealTimers()
    return { did, authorization: bearer(accessJwt) }
  },
  async revoked() {
    const did = await makeAccount('active')
    const { accessJwt, id } = await signIn(did, ACCESS)
    await objects.account(did).sessions.close(id)
    return { did, authorization: bearer(accessJwt) }
  },
  async service(nsid) {
    const did = await makeAccount('active')
    return { did, authorization: await serviceToken(did, nsid) }
  },
  async 'service, other method'() {
    const did = await makeAccount('active')
    return { did, authorization: await serviceToken(did, 'com.example.other') }
  },
  'OAuth, to sign in': withOAuth('atproto'),
  'OAuth, transitional': withOAuth('atproto transition:generic'),
  'OAuth, everything': withOAuth(EVERYTHING),
  'OAuth, deactivated': withOAuth(EVERYTHING, 'deactivated'),
  'OAuth, other key': withOAuth(EVERYTHING, 'active', { otherKey: true }),
  async 'OAuth, expired'(nsid) {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3 * 60 * 60 * 1000 })
    const caller = await withOAuth(EVERYTHING)(nsid)
    vi.useRealTimers()
    return caller
  },
  async 'OAuth, revoked'(nsid) {
    const caller = await withOAuth(EVERYTHING)(nsid)
    await objects.oauth.accounts.remove(caller.did, { devices: false })
    return caller
  },
  async operator() {
    const { did, accessJwt } = await makeOperator()
    return { did, authorization: bearer(accessJwt) }
  },
  admin: withHeader(basic('admin', 'test admin password')),
  'wrong admin': withHeader(basic('admin', 'wrong')),
}

/** The columns of the table of scopes: one for each kind. */
const scopes: Record<string, string> = {
  atproto: '',
  'transition:generic': 'transition:generic',
  'transition:email': 'transition:email',
  'transition:chat.bsky': 'transition:chat.bsky',
  'repo:': 'repo:*',
  'rpc:': 'rpc:*?aud=did:web:api.bsky.app%23bsky_appview rpc:com.example.method?aud=*',
  'blob:': 'blob:*/*',
  'account:email': 'account:email?action=manage',
  'account:repo': 'account:repo?action=manage',
  'account:status': 'account:status?action=manage',
  'identity:handle': 'identity:handle',
  'identity:*': 'identity:*',
  'not one': 'nonsense repo nothing:at:all',
}

/** Bodies of methods whose credentials are looked at by the account's object, or with what the body says. */
const bodies: Record<string, (did: string) => object> = {
  'com.atproto.repo.createRecord': (repo) => ({ repo, ...note, record: { text: 'x' } }),
  'com.atproto.repo.putRecord': (repo) => ({ repo, ...note, rkey: 'a', record: { text: 'x' } }),
  'com.atproto.repo.deleteRecord': (repo) => ({ repo, ...note, rkey: 'a' }),
  'com.atproto.repo.applyWrites': (repo) => ({
    repo,
    writes: [{ $type: 'com.atproto.repo.applyWrites#create', ...note, value: {} }],
  }),
  'com.atproto.repo.uploadBlob': () => ({}),
  'app.bsky.actor.putPreferences': () => ({ preferences: [] }),
  'app.bsky.notification.registerPush': () => push,
  'app.bsky.notification.unregisterPush': () => push,
  'com.atproto.moderation.createReport': (did) => ({
    reasonType: 'com.atproto.moderation.defs#reasonSpam',
    subject: { $type: 'com.atproto.admin.defs#repoRef', did },
  }),
}
const note = { collection: 'com.example.note' }
const push = { serviceDid: 'did:web:localhost', token: 't', platform: 'web', appId: 'a' }

/** Values of parameters, where an arbitrary text would not do. */
const samples: Record<string, (did: string) => string> = {
  cid: () => CID,
  cids: () => CID,
  collection: () => 'com.example.note',
  handle: (did) => did.slice('did:web:'.length),
  aud: () => 'did:web:service.example.com',
  lxm: () => 'com.example.method',
  nsid: () => 'com.example.note',
  limit: () => '1',
  includeUsed: () => 'true',
  createAvailable: () => 'false',
  feed: (did) => `at://${did}/app.bsky.feed.generator/a`,
  uri: (did) => `at://${did}/app.bsky.feed.post/a`,
}

function query(parameters: LexXrpcParameters | undefined, did: string): string {
  const required = parameters?.required ?? []
  // A method that takes the DID of an account asks about the caller's.
  const names = parameters?.properties.did ? new Set([...required, 'did']) : required
  const values = [...names].map((name) => [name, samples[name]?.(did) ?? did])
  return new URLSearchParams(values).toString()
}

const REFUSALS = new Set([
  'InvalidToken',
  'ExpiredToken',
  'AccountTakedown',
  'AccountDeactivated',
  'RepoTakendown',
  'RepoDeactivated',
])

/** `yes`, or how the credentials were refused. */
async function tryMethod(nsid: string, { did, authorization, prove }: Caller): Promise<string> {
  const method = lexicons().getDefOrThrow(nsid) as LexXrpcQuery | LexXrpcProcedure
  const body = bodies[nsid]?.(did)
  const verb = method.type === 'procedure' ? 'POST' : 'GET'
  const dpop = await prove?.(verb, `/xrpc/${nsid}`)
  const response = await send(`/xrpc/${nsid}?${query(method.parameters, did)}`, {
    method: verb,
    headers: {
      ...(authorization && { authorization }),
      ...(dpop && { dpop }),
      ...(body && { 'content-type': 'application/json' }),
    },
    body: body && JSON.stringify(body),
  })
  const text = new TextDecoder().decode(await response.arrayBuffer())
  const { error = '' } = text.startsWith('{') ? (JSON.parse(text) as { error?: string }) : {}
  const isRefused = [401, 403].includes(response.status) || REFUSALS.has(error)
  return isRefused ? `${response.status} ${error}` : 'yes'
}

/** Callers by their kind, or by the scope of their app, who have done nothing that could count. */
const idle = new Map<string, Caller>()

/** Has somebody try a method: whoever was refused, or has only asked, tries the next one, too. */
async function attempt(
  nsid: string,
  kind: string,
  prepare: (nsid: string) => Promise<Caller>,
): Promise<string> {
  // A service token is for one method, and good once.
  if (kind.startsWith('service')) return tryMethod(nsid, await prepare(nsid))
  const caller = idle.get(kind) ?? (await prepare(nsid))
  idle.delete(kind)
  const outcome = await tryMethod(nsid, caller)
  if (outcome !== 'yes' || routes[nsid]?.kind === 'query') idle.set(kind, caller)
  return outcome
}

const methods = Object.entries(routes)
  .filter(([, route]) => route.to === 'local' && route.kind !== 'subscription')
  .map(([nsid]) => nsid)

test('every method lets in whom the table says, and nobody else', async () => {
  const columns = Object.entries(callers)
  const rows: string[][] = []
  for (const nsid of methods) {
    const cells: string[] = []
    for (const [kind, prepare] of columns) cells.push(await attempt(nsid, kind, prepare))
    rows.push([nsid, ...cells])
  }
  const head = ['method', ...columns.map(([name]) => name)]
  await expect(`# Who may call what

Written by \`credentials.test.ts\`, which tries each local method with each kind of credentials. "yes" means that the
credentials were accepted; whatever else may be wrong with the request comes after that.

${table(head, rows)}`).toMatchFileSnapshot('./credentials.md')
}, 300_000)

test('an app may do what the scope of its token says, and nothing else', async () => {
  const rows: string[][] = []
  for (const nsid of methods) {
    const opens = (scope: string) =>
      attempt(nsid, `atproto ${scope}`, withOAuth(`atproto ${scope}`))
    // What is open to everybody, or to no app, says nothing about scopes.
    const toNobody = await attempt(nsid, 'none', withHeader(undefined))
    if (toNobody === 'yes' || (await opens(EVERYTHING)) !== 'yes') continue
    const cells: string[] = []
    for (const scope of Object.values(scopes))
      cells.push((await opens(scope)) === 'yes' ? 'yes' : '')
    rows.push([nsid, ...cells])
  }
  await expect(`# What scopes open

Written by \`credentials.test.ts\`: each method that apps may call, with a token of each kind of scope beside
\`atproto\`. An empty cell is a 403 \`ScopeMissingError\`.

${table(['method', ...Object.keys(scopes)], rows)}`).toMatchFileSnapshot('./scopes.md')
}, 300_000)

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  return `${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`
}
