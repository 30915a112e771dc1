/** The audit log: whatever an operator does is in it, and no secret is. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import type { LexXrpcProcedure } from '@atproto/lexicon'
import { InvalidRequestError } from '@atproto/xrpc-server'
import { expect, test } from 'vitest'
import { type Services, servicesOf } from '../context/services.ts'
import { removeOldEntries } from '../durable/directory/audit.ts'
import { routes } from '../generated/routes.ts'
import { lexicons } from '../kernel/lexicons.ts'
import { hostObjects } from '../services/objects/stubs.ts'
import { type AuditEntry, AuditLog, MAX_DETAIL } from '../storage/directory/audit.ts'
import { basic, callAs, makeAccount, send } from '../testing/host.ts'
import { makeOperator } from '../testing/operator.ts'
import { audited } from './audit.ts'
import { detailOf } from './audit-detail.ts'

const objects = hostObjects(env)
const { directory } = objects
const SECRET = 'never to be written down'

/** Values where the lexicon asks for something of a form. */
const samples: Record<string, (did: string) => unknown> = {
  account: (did) => did,
  accounts: (did) => [did],
  codeCount: () => 1,
  codes: () => [SECRET],
  deactivated: () => ({ applied: true }),
  did: (did) => did,
  email: () => `${SECRET.replaceAll(' ', '.')}@example.com`,
  forAccount: (did) => did,
  forAccounts: (did) => [did],
  handle: (did) => did.replace('did:web:', 'new-'),
  note: () => 'a note',
  recipientDid: (did) => did,
  senderDid: (did) => did,
  signingKey: () => 'did:key:zQ3shkdGz8qYRVfJ4TkTQmWcWGDmwJ4ZKzSBPqcCm4dYsd9oB',
  subject: (did) => ({ $type: 'com.atproto.admin.defs#repoRef', did }),
  takedown: () => ({ applied: true, ref: 'a case' }),
  useCount: () => 1,
}

function inputOf(nsid: string, did: string): object {
  // Here it is a line of text.
  if (nsid === 'com.atproto.admin.sendEmail') {
    return { recipientDid: did, senderDid: did, subject: 'hello', content: SECRET }
  }
  if (nsid === 'com.atproto.server.createAccount') {
    const handle = did.replace('did:web:', 'other-')
    return { handle, did: `did:web:${handle}`, password: SECRET }
  }
  const { input } = lexicons().getDefOrThrow(nsid) as LexXrpcProcedure
  const properties = input?.schema?.type === 'object' ? input.schema.properties : {}
  return Object.fromEntries(
    Object.keys(properties).map((name) => [name, samples[name]?.(did) ?? SECRET]),
  )
}

const newest = async (): Promise<AuditEntry> => {
  const [entry] = await directory.audit.list({}, 1)
  return entry ?? expect.fail('the log is empty')
}

const procedures = Object.entries(routes).filter(
  ([, route]) => route.to === 'local' && route.kind === 'procedure',
)

test('whatever an operator calls that changes something is in the log, by password and by role, without secrets', async () => {
  const operator = await makeOperator()
  const byPassword = basic('admin', 'test admin password')
  const tried: string[] = []
  for (const [nsid, route] of procedures) {
    if (route.to !== 'local') continue
    const { accept } = (await route.load()).default.auth
    for (const kind of ['admin', 'operator'] as const) {
      if (!accept.includes(kind)) continue
      const { did } = await makeAccount()
      const authorization = kind === 'admin' ? byPassword : `Bearer ${operator.accessJwt}`
      const response = await send(`/xrpc/${nsid}`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify(inputOf(nsid, did)),
      })
      const text = await response.text()
      const entry = await newest()
      expect(entry, `${nsid}: ${response.status} ${text}`).toMatchObject({
        action: nsid,
        actor: kind === 'admin' ? 'admin' : operator.did,
        outcome: response.ok ? 'done' : (JSON.parse(text) as { error: string }).error,
        network: 'here',
      })
      tried.push(nsid)
    }
  }
  expect(tried.length).toBeGreaterThan(20)
  expect(tried).toContain('com.atproto.admin.updateAccountPassword')
  const all = await directory.audit.list({}, 1000)
  expect(JSON.stringify(all)).not.toContain(SECRET)
  expect(JSON.stringify(all)).not.toContain(SECRET.replaceAll(' ', '.'))
})

test('what somebody does with their own account is not in it, nor what is only read', async () => {
  const operator = await makeOperator()
  const before = await newest().catch(() => undefined)
  await callAs(operator, 'com.atproto.server.createAppPassword', { name: 'mine' })
  await callAs(operator, 'com.atproto.admin.searchAccounts')
  expect(await newest().catch(() => undefined)).toEqual(before)
})

const context = {
  clientNetwork: '203.0.113.77',
  log: { info: () => undefined, error: () => undefined },
}
const services = servicesOf(env) as Services
const about = { actor: 'admin', action: 'console.test', input: {} }

test('the entry is there before anything is done: a crash leaves it, without an outcome', async () => {
  const during = await audited(about, context, services, newest)
  expect(during).toMatchObject({ outcome: null, endedAt: null, network: '203.0.113.0/24' })
  expect(await newest()).toMatchObject({ id: during.id, outcome: 'done' })
  await directory.audit.finish(during.id, { outcome: 'another' })
  expect(await newest()).toMatchObject({ outcome: 'done' })
})

test('what is refused or fails is written down as that; without an entry nothing is done', async () => {
  const refuse = async () => {
    throw new InvalidRequestError('no', 'NotNow')
  }
  await expect(audited(about, context, services, refuse)).rejects.toThrow('no')
  expect(await newest()).toMatchObject({ outcome: 'NotNow' })
  const fail = async () => {
    throw new Error('a secret of the inside')
  }
  await expect(audited(about, context, services, fail)).rejects.toThrow()
  expect(await newest()).toMatchObject({ outcome: 'failed' })
  const broken = {
    accounts: services.accounts,
    directory: { audit: { begin: () => Promise.reject(new Error('no room')) } },
  } as unknown as Services
  let done = false
  await expect(
    audited(about, context, broken, async () => {
      done = true
    }),
  ).rejects.toThrow('no room')
  expect(done).toBe(false)
})

test('entries are found by who and about whom, a page at a time', async () => {
  const { did } = await makeAccount()
  for (let n = 0; n < 5; n++) {
    const input = { did, note: `${n}` }
    await audited({ ...about, actor: did, input }, context, services, async () => undefined)
  }
  const notes = (entries: AuditEntry[]) => entries.map(({ detail }) => JSON.parse(detail).note)
  const page = await directory.audit.list({ account: did }, 3)
  expect(notes(page)).toEqual(['4', '3', '2'])
  expect(notes(await directory.audit.list({ actor: did }, 3, page.at(-1)?.id))).toEqual(['1', '0'])
  expect(await directory.audit.list({ actor: 'did:web:nobody.test' }, 3)).toEqual([])
})

test('what is kept of a request is bounded, however it is made', () => {
  const long = 'ß"\\'.repeat(1_000)
  const deep = { subject: { subject: { subject: { subject: { subject: long } } } } }
  const wide = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`${long}${n}`, long]))
  for (const input of [
    { note: long, reason: long, ref: long, handle: long, uri: long, did: long },
    deep,
    wide,
    Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`${n}${'é\u0001'.repeat(500)}`, 1])),
    { accounts: Array(1000).fill(long) },
    { takedown: { applied: true, ref: long, note: long, reason: long, uri: long } },
  ]) {
    const detail = detailOf(input)
    expect(Buffer.byteLength(detail)).toBeLessThanOrEqual(MAX_DETAIL)
    expect(() => JSON.parse(detail)).not.toThrow()
  }
  expect(detailOf({ did: 'did:web:a.test', email: 'alice@example.com', password: 'x' })).toBe(
    '{"did":"did:web:a.test","email":"a***@example.com","password":"(not kept)"}',
  )
})

test('entries go when they are older than the setting says, and no others', async () => {
  const stub = env.DIRECTORY.get(env.DIRECTORY.idFromName('old audit entries'))
  await runInDurableObject(stub, async (_, { storage: { sql } }) => {
    const log = new AuditLog(sql)
    const intent = { ...about, subject: null, account: null, detail: '{}', network: 'here' }
    for (let n = 0; n < 2_500; n++) log.begin(intent)
    expect(removeOldEntries(log, 1_000).repeatAfter?.()).toBeGreaterThan(0)
    sql.exec('UPDATE audit SET at = ? WHERE id <= 2400', Date.now() - 60_000)
    await removeOldEntries(log, 30_000).run()
    expect(log.list({}, 1000).map(({ id }) => id)).toHaveLength(100)
    expect(log.list({}, 1000).at(-1)?.id).toBe(2401)
    await removeOldEntries(log, -1_000).run()
    expect(log.isEmpty()).toBe(true)
    expect(removeOldEntries(log, 1_000).repeatAfter?.()).toBeUndefined()
    // Numbers are not given out again.
    expect(log.begin(intent)).toBe(2501)
  })
})
