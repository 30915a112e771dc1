import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import type { Outcome } from '../services/objects/result.ts'
import type { NewInviteCode } from '../storage/directory/invite-code.ts'
import type { DirectoryObject } from './directory.ts'

const INTERVAL = 60 * 60 * 1000
let made = 0

/** A directory of its own. */
const freshDirectory = () => env.DIRECTORY.get(env.DIRECTORY.idFromName(`test ${made++}`))

/** Runs a test on a fresh directory, with a clock that moves by `later` only. */
const withDirectory = (work: (directory: DirectoryObject) => Promise<void>): Promise<void> =>
  runInDurableObject(freshDirectory(), async (directory) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      await work(directory)
    } finally {
      vi.useRealTimers()
    }
  })

const later = (ms: number) => vi.setSystemTime(Date.now() + ms)
const resident = (name: string) => ({
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
const result = (outcome: Outcome<unknown>) => (outcome.ok ? 'ok' : outcome.refused.name)

async function settleIn(directory: DirectoryObject, name: string): Promise<void> {
  await directory.reserve(resident(name))
  directory.confirm(resident(name))
}

test('an invite code is good for so many accounts, and refused after that', () =>
  withDirectory(async (directory) => {
    directory.addInvites([invite('host-aaaaa-aaaaa', 2)])
    for (const name of ['one', 'two']) {
      expect(result(await directory.reserve(resident(name), ' HOST-aaaaa-aaaaa '))).toBe('ok')
      expect(directory.confirm(resident(name))).toBe(true)
    }
    expect(result(await directory.reserve(resident('three'), 'host-aaaaa-aaaaa'))).toBe(
      'InvalidInviteCode',
    )
    expect(directory.isHandleFree('three.test')).toBe(true)
    const [code] = directory.invitesOf('admin')
    expect(code?.uses.map(({ usedBy }) => usedBy)).toEqual(['did:web:one.test', 'did:web:two.test'])
    expect(directory.inviteUsedBy('did:web:two.test')?.code).toBe('host-aaaaa-aaaaa')
  }))

test('of many who come with the last use of a code at once, one gets in', async () => {
  const directory = freshDirectory()
  await directory.addInvites([invite('last')])
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, (_, n) => directory.reserve(resident(`many-${n}`), 'last')),
  )
  expect(outcomes.map(result).sort()).toEqual([...Array(9).fill('InvalidInviteCode'), 'ok'])
})

test('a code that was never made is refused', () =>
  withDirectory(async (directory) => {
    expect(result(await directory.reserve(resident('one'), 'nonsense'))).toBe('InvalidInviteCode')
  }))

test('a reservation that is given up gives the use of its code back', () =>
  withDirectory(async (directory) => {
    directory.addInvites([invite('code')])
    await directory.reserve(resident('one'), 'code')
    expect(result(await directory.reserve(resident('two'), 'code'))).toBe('InvalidInviteCode')
    directory.release(resident('one').did)
    expect(result(await directory.reserve(resident('two'), 'code'))).toBe('ok')
  }))

test('a reservation that lapses gives the use back, and can then not be confirmed any more', () =>
  withDirectory(async (directory) => {
    directory.addInvites([invite('code')])
    await directory.reserve(resident('one'), 'code')
    later(61_000)
    expect(result(await directory.reserve(resident('two'), 'code'))).toBe('ok')
    expect(directory.confirm(resident('one'))).toBe(false)
    expect(directory.confirm(resident('two'))).toBe(true)
    expect(directory.invitesOf('admin')[0]?.uses).toHaveLength(1)
  }))

test('names that are taken do not use a code up', () =>
  withDirectory(async (directory) => {
    directory.addInvites([invite('code')])
    await settleIn(directory, 'one')
    const taken = { ...resident('other'), handle: 'one.test' }
    expect(result(await directory.reserve(taken, 'code'))).toBe('HandleNotAvailable')
    expect(result(await directory.reserve(resident('two'), 'code'))).toBe('ok')
  }))

test('a disabled code is refused, and so are all codes of a disabled account', () =>
  withDirectory(async (directory) => {
    const { did } = resident('one')
    directory.addInvites([invite('a'), invite('b', 1, did), invite('c', 1, did), invite('d')])
    directory.disableInvites(['a'], [did])
    for (const code of ['a', 'b', 'c']) {
      expect(result(await directory.reserve(resident('two'), code))).toBe('InvalidInviteCode')
    }
    expect(result(await directory.reserve(resident('two'), 'd'))).toBe('ok')
  }))

test('an account gets the codes it has earned once, gifts do not count, and none while disabled', () =>
  withDirectory(async (directory) => {
    const { did } = resident('one')
    await settleIn(directory, 'one')
    directory.addInvites([invite('gift', 1, did)])
    later(2 * INTERVAL)
    const schedule = { interval: INTERVAL, epoch: 0 }
    await directory.setInvitesDisabled(did, true)
    directory.addEarnedInvites(did, schedule, ['a', 'b', 'c'])
    expect(directory.invitesOf(did)).toHaveLength(1)
    await directory.setInvitesDisabled(did, false)
    directory.addEarnedInvites(did, schedule, ['a', 'b', 'c'])
    directory.addEarnedInvites(did, schedule, ['d', 'e', 'f'])
    expect(directory.invitesOf(did).map(({ code }) => code)).toEqual(['gift', 'a', 'b'])
  }))

test('codes are listed page by page, the newest or the most used first', () =>
  withDirectory(async (directory) => {
    for (const code of ['a', 'b', 'c']) {
      directory.addInvites([invite(code, 5)])
      later(1)
    }
    for (const [name, code] of [
      ['one', 'b'],
      ['two', 'b'],
      ['three', 'a'],
    ] as const) {
      await directory.reserve(resident(name), code)
      directory.confirm(resident(name))
    }
    for (const [sort, order] of [
      ['recent', 'cba'],
      ['usage', 'bac'],
    ] as const) {
      const first = directory.listInvites(sort, 2)
      const second = directory.listInvites(sort, 2, first.next)
      expect([...first.codes, ...second.codes].map(({ code }) => code).join('')).toBe(order)
      expect(second.next).toBeUndefined()
    }
  }))

test('a token is used up once, however many come with it at the same time', async () => {
  const directory = freshDirectory()
  const { did } = resident('one')
  await directory.reserve(resident('one'))
  await directory.confirm(resident('one'))
  await directory.putToken('reset_password', did, 'hash')
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, () => directory.consumeToken('reset_password', 'hash')),
  )
  expect(outcomes.map(result).sort()).toEqual([...Array(9).fill('InvalidToken'), 'ok'])
})

test('a change of address that is refused leaves its token good; one that is made ends all of them', () =>
  withDirectory(async (directory) => {
    const { did } = resident('one')
    await settleIn(directory, 'one')
    await settleIn(directory, 'two')
    await directory.putToken('update_email', did, 'update')
    await directory.putToken('reset_password', did, 'reset')
    expect(result(await directory.setEmail(did, 'two@example.com', 'update'))).toBe(
      'InvalidRequest',
    )
    expect(result(await directory.setEmail(did, 'new@example.com', 'wrong'))).toBe('InvalidToken')
    expect(result(await directory.setEmail(did, 'new@example.com', 'update'))).toBe('ok')
    expect(result(await directory.consumeToken('reset_password', 'reset'))).toBe('InvalidToken')
    expect(directory.find('email', 'new@example.com')?.did).toBe(did)
  }))

test('a token is kept only for an account with an address', () =>
  withDirectory(async (directory) => {
    await settleIn(directory, 'one')
    const nobody = { ...resident('two'), email: null }
    await directory.reserve(nobody)
    directory.confirm(nobody)
    const put = (did: string) => directory.putToken('delete_account', did, did)
    expect(await put(resident('one').did)).toMatchObject({ value: { email: 'one@example.com' } })
    expect(result(await put(nobody.did))).toBe('InvalidRequest')
    expect(result(await put('did:web:three.test'))).toBe('AccountNotFound')
  }))

test('the last hundred mails of a host in development are kept, newest last', () =>
  withDirectory(async (directory) => {
    const mail = { from: 'a@b.test', to: 'c@d.test', text: '', html: '' }
    for (let n = 0; n < 105; n++) directory.keepMail({ ...mail, subject: `mail ${n}` })
    const subjects = directory.keptMails().map(({ subject }) => subject)
    expect(subjects).toHaveLength(100)
    expect([subjects[0], subjects[99]]).toEqual(['mail 5', 'mail 104'])
  }))
