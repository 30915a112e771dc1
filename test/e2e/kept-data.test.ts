/** Data of each release are opened by the version that is here, with everything that was in them. */
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { version as ours } from '../../package.json'
import { operatorOf } from '../support/accounts.ts'
import {
  call,
  keptVersions,
  readAccount,
  readKept,
  signIn,
  startKept,
} from '../support/kept-data.ts'
import type { TestServer } from '../support/server.ts'

test('there are data of this version, or of the one before', () => {
  // Releasing one? `node test/fixtures/make-data.ts` keeps its data.
  expect(keptVersions()).toContain(ours)
})

describe.each(keptVersions())('data of %s', (version) => {
  const kept = readKept(version)
  let server: TestServer
  beforeAll(async () => {
    server = await startKept(version)
  })
  afterAll(() => server.stop())

  test.each(kept.accounts)(
    '$handle ($status): records, blobs, repository, preferences, address',
    async (account) => {
      expect(await readAccount(server, account)).toEqual(account)
    },
  )

  test('there are no more and no fewer accounts', async () => {
    const { repos } = (await call(server, 'com.atproto.sync.listRepos')) as {
      repos: { did: string; head: string }[]
    }
    const known = kept.accounts.map(({ did, head }) => `${did} ${head}`)
    expect(repos.map(({ did, head }) => `${did} ${head}`).sort()).toEqual(known.sort())
  })

  test('app passwords and invite codes are good, and wrong passwords are not', async () => {
    const [account] = kept.accounts
    if (!account?.appPassword) throw new Error('no account')
    expect(await signIn(server, account.handle, account.appPassword)).toMatch(/^Bearer /)
    await expect(signIn(server, account.handle, `${account.password}.`)).rejects.toThrow('401')
    const { codes } = (await call(server, 'com.atproto.admin.getInviteCodes', {
      authorization: operatorOf(server),
    })) as { codes: { code: string; available: number }[] }
    expect(codes.map(({ code }) => code)).toEqual(expect.arrayContaining(kept.invites))
  })

  test('and life goes on: writing, and giving accounts back', async () => {
    const [first, , off, down] = kept.accounts
    const agent = new AtpAgent({ service: server.origin })
    await agent.login({ identifier: first?.handle ?? '', password: first?.password ?? '' })
    await agent.post({ text: 'still here', createdAt: new Date().toISOString() })
    const { data } = await agent.com.atproto.sync.getLatestCommit({ did: agent.assertDid })
    expect(data.cid).not.toBe(first?.head)
    await call(server, 'com.atproto.admin.updateSubjectStatus', {
      body: {
        subject: { $type: 'com.atproto.admin.defs#repoRef', did: down?.did },
        takedown: { applied: false },
      },
      authorization: operatorOf(server),
    })
    await call(server, 'com.atproto.server.activateAccount', {
      body: null,
      authorization: await signIn(server, off?.handle ?? '', off?.password ?? ''),
    })
    for (const account of [off, down]) {
      const status = await call(server, 'com.atproto.sync.getRepoStatus', {
        query: { did: account?.did ?? '' },
      })
      expect(status).toMatchObject({ active: true })
    }
  })
})
