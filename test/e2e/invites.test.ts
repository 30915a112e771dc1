/** Registration by invitation, with the real server and the real client. */
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HANDLE, PASSWORD, startServer, type TestServer } from '../support/server.ts'

const ADMIN_PASSWORD = 'operator password'
const asOperator = {
  headers: { authorization: `Basic ${btoa(`admin:${ADMIN_PASSWORD}`)}` },
}
const REFUSED = { status: 400, error: 'InvalidInviteCode' }
const CODE = /^localhost-[a-z2-7]{5}-[a-z2-7]{5}$/

let server: TestServer
let anybody: AtpAgent
let alice: AtpAgent

beforeAll(async () => {
  server = await startServer({
    env: {
      PDS_ADMIN_PASSWORD: ADMIN_PASSWORD,
      PDS_REGISTRATION: 'invite',
      // So short that whoever asks has earned as many as there can be.
      PDS_INVITE_INTERVAL: '1',
    },
  })
  anybody = new AtpAgent({ service: server.origin })
  alice = new AtpAgent({ service: server.origin })
  await alice.login({ identifier: HANDLE, password: PASSWORD })
})
afterAll(() => server.stop())

/** Comes to the host with a code. */
function join(name: string, inviteCode?: string) {
  const handle = `${name}.test`
  return anybody.com.atproto.server.createAccount({
    handle,
    did: `did:web:${handle}`,
    email: `${name}@example.com`,
    password: PASSWORD,
    inviteCode,
  })
}

const createCode = async (useCount: number) =>
  (await anybody.com.atproto.server.createInviteCode({ useCount }, asOperator)).data.code

const listAll = async () =>
  (await anybody.com.atproto.admin.getInviteCodes({ limit: 500 }, asOperator)).data.codes

test('the host says that it takes a code', async () => {
  const { data } = await anybody.com.atproto.server.describeServer()
  expect(data.inviteCodeRequired).toBe(true)
  await expect(join('uninvited')).rejects.toMatchObject(REFUSED)
})

test('a code lets in as many as it was made for, and says who came with it', async () => {
  const code = await createCode(2)
  expect(code).toMatch(CODE)
  await join('first', code)
  await join('second', code.toUpperCase())
  await expect(join('third', code)).rejects.toMatchObject(REFUSED)
  expect((await listAll()).find((known) => known.code === code)).toEqual({
    code,
    available: 2,
    disabled: false,
    forAccount: 'admin',
    createdBy: 'admin',
    createdAt: expect.any(String),
    uses: [
      { usedBy: 'did:web:first.test', usedAt: expect.any(String) },
      { usedBy: 'did:web:second.test', usedAt: expect.any(String) },
    ],
  })
})

test('an attempt that fails leaves the code good', async () => {
  const code = await createCode(1)
  await expect(join('first', code)).rejects.toMatchObject({ status: 400 })
  await join('fourth', code)
})

test('only the operator makes codes, for one account or for many', async () => {
  await expect(alice.com.atproto.server.createInviteCode({ useCount: 1 })).rejects.toMatchObject({
    status: 401,
  })
  const forAccounts = ['did:web:first.test', 'did:web:second.test']
  const { data } = await anybody.com.atproto.server.createInviteCodes(
    { codeCount: 2, useCount: 1, forAccounts },
    asOperator,
  )
  expect(data.codes.map(({ account }) => account)).toEqual(forAccounts)
  const codes = data.codes.flatMap((made) => made.codes)
  expect(new Set(codes).size).toBe(4)
  for (const code of codes) expect(code).toMatch(CODE)
  for (const input of [
    { codeCount: 0, useCount: 1 },
    { codeCount: 1, useCount: 0 },
    { codeCount: 100_000, useCount: 1 },
  ]) {
    await expect(
      anybody.com.atproto.server.createInviteCodes(input, asOperator),
    ).rejects.toMatchObject({ status: 400, error: 'InvalidRequest' })
  }
})

test('an account earns codes, five open ones at most, and can give them away', async () => {
  const mine = async (params = {}) =>
    (await alice.com.atproto.server.getAccountInviteCodes(params)).data.codes
  expect(await mine({ createAvailable: false })).toEqual([])
  const codes = await mine()
  expect(codes).toHaveLength(5)
  expect(codes[0]).toMatchObject({ forAccount: alice.assertDid, createdBy: alice.assertDid })
  expect(await mine()).toEqual(codes)
  await join('friend', codes[0]?.code)
  const without = await mine({ includeUsed: false, createAvailable: false })
  expect(without).toEqual(codes.slice(1))
  expect(await mine()).toHaveLength(6)
})

test('the operator disables codes, all codes of an account, and what an account earns', async () => {
  const admin = anybody.com.atproto.admin
  const code = await createCode(1)
  const [earned] = (await alice.com.atproto.server.getAccountInviteCodes()).data.codes.slice(-1)
  await admin.disableAccountInvites({ account: alice.assertDid }, asOperator)
  await admin.disableInviteCodes({ codes: [code], accounts: [alice.assertDid] }, asOperator)
  await expect(join('stranger', code)).rejects.toMatchObject(REFUSED)
  await expect(join('stranger', earned?.code)).rejects.toMatchObject(REFUSED)
  expect((await alice.com.atproto.server.getAccountInviteCodes()).data.codes).toEqual([])
  await admin.enableAccountInvites({ account: alice.assertDid }, asOperator)
  const { data } = await alice.com.atproto.server.getAccountInviteCodes()
  expect(data.codes).toHaveLength(5)
  await expect(admin.disableInviteCodes({ accounts: ['admin'] }, asOperator)).rejects.toMatchObject(
    { status: 400, error: 'InvalidRequest' },
  )
  await expect(
    admin.disableAccountInvites({ account: 'did:web:nobody.test' }, asOperator),
  ).rejects.toMatchObject({ status: 400 })
})

test.each(['recent', 'usage'])('the operator pages through all codes by %s', async (sort) => {
  const all = (await listAll()).map(({ code }) => code).sort()
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const { data } = await anybody.com.atproto.admin.getInviteCodes(
      { sort, limit: 3, cursor },
      asOperator,
    )
    seen.push(...data.codes.map(({ code }) => code))
    cursor = data.cursor
  } while (cursor !== undefined)
  expect(seen.sort()).toEqual(all)
  await expect(
    anybody.com.atproto.admin.getInviteCodes({ sort, cursor: 'nonsense' }, asOperator),
  ).rejects.toMatchObject({ status: 400, error: 'InvalidRequest' })
})

test('codes of an account that was taken down are good for nothing', async () => {
  const code = await codeOf('first')
  const takedown = async (applied: boolean) => {
    const subject = { $type: 'com.atproto.admin.defs#repoRef', did: 'did:web:first.test' }
    const input = { subject, takedown: { applied } }
    await anybody.com.atproto.admin.updateSubjectStatus(input, asOperator)
  }
  await takedown(true)
  await expect(join('follower', code)).rejects.toMatchObject(REFUSED)
  await takedown(false)
  await join('follower', code)
})

/** A code that an account has earned. */
async function codeOf(name: string): Promise<string> {
  const agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: `${name}.test`, password: PASSWORD })
  const { data } = await agent.com.atproto.server.getAccountInviteCodes()
  return data.codes.at(-1)?.code ?? ''
}

test('on a closed host codes of the operator count, and no others', async () => {
  const earned = await codeOf('second')
  const made = await createCode(1)
  const { dataDirectory } = server
  await server.stop()
  const env = { PDS_ADMIN_PASSWORD: ADMIN_PASSWORD, PDS_REGISTRATION: 'closed' }
  server = await startServer({ dataDirectory, env })
  anybody = new AtpAgent({ service: server.origin })
  const closed = { ...REFUSED, message: expect.stringContaining('an invite code of its operator') }
  await expect(join('late')).rejects.toMatchObject(closed)
  await expect(join('late', earned)).rejects.toMatchObject(closed)
  await expect(join('late', 'localhost-aaaaa-aaaaa')).rejects.toMatchObject(REFUSED)
  await join('late', made)
  await expect(join('later', made)).rejects.toMatchObject(REFUSED)
})
