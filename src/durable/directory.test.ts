import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import type { RpcObject } from '../contracts/answer.ts'
import type { DirectoryRpc } from '../contracts/directory.ts'
import { rpcClient } from '../services/objects/client.ts'
import type { DirectoryClient } from '../services/objects/stubs.ts'
import type { NewInviteCode } from '../storage/directory/invite-code.ts'
import { type Result, resultOf } from '../testing/result.ts'
import type { DirectoryObject } from './directory.ts'

const INTERVAL = 60 * 60 * 1000
let made = 0

/** A directory of its own. */
const freshDirectory = () => env.DIRECTORY.get(env.DIRECTORY.idFromName(`test ${made++}`))

const clientOf = (directory: RpcObject) => rpcClient<DirectoryRpc>(directory)

/** Runs a test on a fresh directory, with a clock that moves by `later` only. */
const withDirectory = (work: (directory: DirectoryClient) => Promise<void>): Promise<void> =>
  runInDurableObject(freshDirectory(), async (directory) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      await work(clientOf(directory))
    } finally {
      vi.useRealTimers()
    }
  })

const later = (ms: number) => vi.setSystemTime(Date.now() + ms)
const account = (name: string) => ({
  did: `did:web:${name}.test`,
  handle: `${name}.test`,
  email: `${name}@example.com`,
})
const invite = (code: string, available = 1, forAccount = 'admin'): NewInviteCode => ({
  code,
  available,
  forAccount,
  createdBy: 'admin',
})
const result = (outcome: Result<unknown>) => (outcome.ok ? 'ok' : outcome.refused.name)

async function settleIn(directory: DirectoryClient, name: string): Promise<void> {
  await resultOf(directory.accounts.reserve(account(name)))
  await directory.accounts.confirm(account(name))
}

test('an invite code is good for so many accounts, and refused after that', () =>
  withDirectory(async (directory) => {
    await directory.invites.add([invite('host-aaaaa-aaaaa', 2)])
    for (const name of ['one', 'two']) {
      expect(
        result(await resultOf(directory.accounts.reserve(account(name), ' HOST-aaaaa-aaaaa '))),
      ).toBe('ok')
      expect(await directory.accounts.confirm(account(name))).toBe(true)
    }
    expect(
      result(await resultOf(directory.accounts.reserve(account('three'), 'host-aaaaa-aaaaa'))),
    ).toBe('InvalidInviteCode')
    expect(await directory.accounts.isHandleFree('three.test')).toBe(true)
    const [code] = await directory.invites.ofAccount('admin')
    expect(code?.uses.map(({ usedBy }) => usedBy)).toEqual(['did:web:one.test', 'did:web:two.test'])
    expect((await directory.invites.usedBy('did:web:two.test'))?.code).toBe('host-aaaaa-aaaaa')
  }))

test('of many who come with the last use of a code at once, one gets in', async () => {
  const directory = clientOf(freshDirectory())
  await directory.invites.add([invite('last')])
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      resultOf(directory.accounts.reserve(account(`many-${n}`), 'last')),
    ),
  )
  expect(outcomes.map(result).sort()).toEqual([...Array(9).fill('InvalidInviteCode'), 'ok'])
})

test('a code that was never made is refused', () =>
  withDirectory(async (directory) => {
    expect(result(await resultOf(directory.accounts.reserve(account('one'), 'nonsense')))).toBe(
      'InvalidInviteCode',
    )
  }))

test('a reservation that is given up gives the use of its code back', () =>
  withDirectory(async (directory) => {
    await directory.invites.add([invite('code')])
    await resultOf(directory.accounts.reserve(account('one'), 'code'))
    expect(result(await resultOf(directory.accounts.reserve(account('two'), 'code')))).toBe(
      'InvalidInviteCode',
    )
    await directory.accounts.release(account('one').did)
    expect(result(await resultOf(directory.accounts.reserve(account('two'), 'code')))).toBe('ok')
  }))

test('a reservation that lapses gives the use back, and can then not be confirmed any more', () =>
  withDirectory(async (directory) => {
    await directory.invites.add([invite('code')])
    await resultOf(directory.accounts.reserve(account('one'), 'code'))
    later(61_000)
    expect(result(await resultOf(directory.accounts.reserve(account('two'), 'code')))).toBe('ok')
    expect(await directory.accounts.confirm(account('one'))).toBe(false)
    expect(await directory.accounts.confirm(account('two'))).toBe(true)
    expect((await directory.invites.ofAccount('admin'))[0]?.uses).toHaveLength(1)
  }))

test('names that are taken do not use a code up', () =>
  withDirectory(async (directory) => {
    await directory.invites.add([invite('code')])
    await settleIn(directory, 'one')
    const taken = { ...account('other'), handle: 'one.test' }
    expect(result(await resultOf(directory.accounts.reserve(taken, 'code')))).toBe(
      'HandleNotAvailable',
    )
    expect(result(await resultOf(directory.accounts.reserve(account('two'), 'code')))).toBe('ok')
  }))

test('a disabled code is refused, and so are all codes of a disabled account', () =>
  withDirectory(async (directory) => {
    const { did } = account('one')
    await directory.invites.add([
      invite('a'),
      invite('b', 1, did),
      invite('c', 1, did),
      invite('d'),
    ])
    await directory.invites.disable(['a'], [did])
    for (const code of ['a', 'b', 'c']) {
      expect(result(await resultOf(directory.accounts.reserve(account('two'), code)))).toBe(
        'InvalidInviteCode',
      )
    }
    expect(result(await resultOf(directory.accounts.reserve(account('two'), 'd')))).toBe('ok')
  }))

test('an account gets the codes it has earned once, gifts do not count, and none while disabled', () =>
  withDirectory(async (directory) => {
    const { did } = account('one')
    await settleIn(directory, 'one')
    await directory.invites.add([invite('gift', 1, did)])
    later(2 * INTERVAL)
    const schedule = { interval: INTERVAL, epoch: 0 }
    await resultOf(directory.invites.setEarningDisabled(did, true))
    await directory.invites.addEarned(did, schedule, ['a', 'b', 'c'])
    expect(await directory.invites.ofAccount(did)).toHaveLength(1)
    await resultOf(directory.invites.setEarningDisabled(did, false))
    await directory.invites.addEarned(did, schedule, ['a', 'b', 'c'])
    await directory.invites.addEarned(did, schedule, ['d', 'e', 'f'])
    expect((await directory.invites.ofAccount(did)).map(({ code }) => code)).toEqual([
      'gift',
      'a',
      'b',
    ])
  }))

test('codes are listed page by page, the newest or the most used first', () =>
  withDirectory(async (directory) => {
    for (const code of ['a', 'b', 'c']) {
      await directory.invites.add([invite(code, 5)])
      later(1)
    }
    for (const [name, code] of [
      ['one', 'b'],
      ['two', 'b'],
      ['three', 'a'],
    ] as const) {
      await resultOf(directory.accounts.reserve(account(name), code))
      await directory.accounts.confirm(account(name))
    }
    for (const [sort, order] of [
      ['recent', 'cba'],
      ['usage', 'bac'],
    ] as const) {
      const first = await directory.invites.list(sort, 2)
      const second = await directory.invites.list(sort, 2, first.next)
      expect([...first.codes, ...second.codes].map(({ code }) => code).join('')).toBe(order)
      expect(second.next).toBeUndefined()
    }
  }))

const mailTo = (to: string) => ({ from: 'a@b.test', to, subject: '', text: '', html: '' })

test('a token is used up once, however many come with it at the same time', async () => {
  const directory = clientOf(freshDirectory())
  const { did } = account('one')
  await resultOf(directory.accounts.reserve(account('one')))
  await directory.accounts.confirm(account('one'))
  await resultOf(directory.tokens.put('reset_password', did, 'hash', mailTo('one@example.com')))
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, () => resultOf(directory.tokens.consume('reset_password', 'hash'))),
  )
  expect(outcomes.map(result).sort()).toEqual([...Array(9).fill('InvalidToken'), 'ok'])
})

test('a change of address that is refused leaves its token good; one that is made ends all of them', () =>
  withDirectory(async (directory) => {
    const { did } = account('one')
    await settleIn(directory, 'one')
    await settleIn(directory, 'two')
    await resultOf(directory.tokens.put('update_email', did, 'update', mailTo('one@example.com')))
    await resultOf(directory.tokens.put('reset_password', did, 'reset', mailTo('one@example.com')))
    expect(
      result(await resultOf(directory.accounts.setEmail(did, 'two@example.com', 'update'))),
    ).toBe('InvalidRequest')
    expect(
      result(await resultOf(directory.accounts.setEmail(did, 'new@example.com', 'wrong'))),
    ).toBe('InvalidToken')
    expect(
      result(await resultOf(directory.accounts.setEmail(did, 'new@example.com', 'update'))),
    ).toBe('ok')
    expect(result(await resultOf(directory.tokens.consume('reset_password', 'reset')))).toBe(
      'InvalidToken',
    )
    expect((await directory.accounts.find('email', 'new@example.com'))?.did).toBe(did)
  }))

test('a token is kept only for an account that has the address which it is mailed to', () =>
  withDirectory(async (directory) => {
    await settleIn(directory, 'one')
    const nobody = { ...account('two'), email: null }
    await resultOf(directory.accounts.reserve(nobody))
    await directory.accounts.confirm(nobody)
    const put = (did: string, to = 'one@example.com') =>
      resultOf(directory.tokens.put('delete_account', did, did, mailTo(to)))
    expect(await put(account('one').did)).toMatchObject({ value: true })
    expect(await put(account('one').did, 'two@example.com')).toMatchObject({ value: false })
    expect(await put(nobody.did)).toMatchObject({ value: false })
    expect(result(await put('did:web:three.test'))).toBe('AccountNotFound')
    await vi.waitFor(async () => expect(await directory.mails.outbox()).toHaveLength(1))
  }))

test('the last hundred mails of a host in development are kept, newest last', () =>
  withDirectory(async (directory) => {
    for (let n = 0; n < 105; n++) {
      const mail = { ...mailTo('c@d.test'), subject: `mail ${n}` }
      await directory.mails.add(mail, 'a test', 60_000)
    }
    await vi.waitFor(async () => {
      const subjects = (await directory.mails.outbox()).map(({ subject }) => subject)
      expect([subjects.length, subjects[0], subjects[99]]).toEqual([100, 'mail 5', 'mail 104'])
    })
  }))

test('a signing key that was reserved too long ago is not given out again', () =>
  withDirectory(async (directory) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const key = (signingKey: string) => ({ signingKey, sealed: new Uint8Array(1) })
    const add = (signingKey: string) => directory.keys.add(key(signingKey), 'did:web:one.test')
    expect(await add('did:key:old')).toMatchObject({ signingKey: 'did:key:old' })
    expect(await add('did:key:other')).toMatchObject({ signingKey: 'did:key:old' })
    later(7 * 24 * INTERVAL + 1)
    expect(await add('did:key:new')).toMatchObject({ signingKey: 'did:key:new' })
  }))

test('a slow creation keeps its reservation when the job removes what has expired, and loses it in the end', async () => {
  const stub = freshDirectory()
  await runInDurableObject(stub, async (object: DirectoryObject) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const directory = clientOf(object)
      await resultOf(directory.accounts.reserve(account('given-up')))
      later(INTERVAL - 2 * 60 * 1000)
      await resultOf(directory.accounts.reserve(account('slow')))
      await resultOf(directory.accounts.reserve(account('last')))
      later(2 * 60 * 1000 + 1)
      await object.alarm()
      expect(await directory.accounts.confirm(account('given-up'))).toBe(false)
      expect(await directory.accounts.confirm(account('slow'))).toBe(true)
      // The job runs again by itself as long as there is something that expires.
      later(INTERVAL + 1)
      await object.alarm()
      expect(await directory.accounts.confirm(account('last'))).toBe(false)
    } finally {
      vi.useRealTimers()
    }
  })
})

test('who was signing up when a host is being restored is told so, and is not replaced later', () =>
  withDirectory(async (directory) => {
    const alice = account('alice')
    await resultOf(directory.accounts.reserve(alice))
    expect(await directory.restore.beginHost('a restore')).toMatchObject({ finished: false })
    expect(await directory.accounts.confirm(alice)).toBe(false)
    expect(await directory.accounts.list(10)).toEqual([])
    const late = await resultOf(directory.accounts.reserve(account('bob')))
    expect(late).toMatchObject({ refused: { name: 'HostRestoring' } })
  }))
