import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { DirectoryVersion, ResidentAnswer } from '../../contracts/residents.ts'
import type { HostedAccount, NameKind } from '../../storage/directory/accounts.ts'
import { standIn } from '../../testing/stand-in.ts'
import type { DirectoryShardClient } from '../objects/stubs.ts'
import { AccountLookup } from './account-lookup.ts'

/** How long what the directory answered is cached, in ms. */
const TRUST = 5_000

const alice: HostedAccount = {
  did: 'did:web:alice.test',
  handle: 'alice.test',
  email: 'alice@example.com',
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const later = (ms: number) => vi.setSystemTime(Date.now() + ms)

/** A lookup in a directory of these accounts, which may change: `changed` is told of it. */
function lookupIn(accounts: HostedAccount[]) {
  const changes: string[] = []
  const find = vi.fn(
    async (by: NameKind, value: string, since?: DirectoryVersion): Promise<ResidentAnswer> => ({
      account: accounts.find((account) => account[by] === value),
      version: { life: 'only', changes: changes.length },
      changed: since && changes.slice(since.changes),
      age: 0,
    }),
  )
  const client = vi.fn(() =>
    standIn<DirectoryShardClient>({
      residents: standIn<DirectoryShardClient['residents']>({ find }),
    }),
  )
  const objects = { directoryShards: 1, directoryShard: client }
  const changed = (did: string) => changes.push(did)
  return { lookup: new AccountLookup(objects), find, client, changed }
}

test('an account is found by its DID and by its handle', async () => {
  const { lookup, find } = lookupIn([alice])
  expect(await lookup.find(alice.did)).toEqual(alice)
  expect(await lookup.find(alice.handle)).toEqual(alice)
  expect(find.mock.calls).toEqual([
    ['did', alice.did, undefined],
    ['handle', alice.handle, { life: 'only', changes: 0 }],
  ])
})

test('the directory is asked once in five seconds, each time by a client of its own', async () => {
  const { lookup, find, client } = lookupIn([alice])
  await lookup.find(alice.handle)
  later(TRUST - 1)
  await lookup.find(alice.handle)
  expect(find).toHaveBeenCalledTimes(1)
  later(1)
  await lookup.find(alice.handle)
  expect(find).toHaveBeenCalledTimes(2)
  expect(client).toHaveBeenCalledTimes(2)
})

test('one question in five seconds is enough for all accounts together', async () => {
  const accounts = Array.from({ length: 100 }, (_, i) => ({
    did: `did:web:${i}.test`,
    handle: `${i}.test`,
    email: null,
  }))
  const { lookup, find } = lookupIn(accounts)
  for (const { did } of accounts) await lookup.find(did)
  find.mockClear()
  for (let second = 0; second < 60; second++) {
    for (const account of accounts) expect(await lookup.find(account.did)).toEqual(account)
    later(1_000)
  }
  // The first five seconds are those of the first answers.
  expect(find).toHaveBeenCalledTimes(11)
})

test('an answer about one account tells of changes of all others', async () => {
  const bob = { did: 'did:web:bob.test', handle: 'bob.test', email: null }
  const accounts = [alice, bob]
  const { lookup, changed } = lookupIn(accounts)
  await lookup.find(alice.handle)
  await lookup.find(bob.handle)
  accounts.shift()
  changed(alice.did)
  expect(await lookup.find(alice.handle)).toEqual(alice)
  later(TRUST)
  expect(await lookup.find(bob.handle)).toEqual(bob)
  expect(await lookup.find(alice.handle)).toBeUndefined()
})

test('an answer that is overtaken by a later one is not cached', async () => {
  const accounts = [alice]
  const { lookup, find, changed } = lookupIn(accounts)
  const early = await find('handle', alice.handle)
  const { promise, resolve } = Promise.withResolvers<ResidentAnswer>()
  find.mockReturnValueOnce(promise)
  const overtaken = lookup.find(alice.handle)
  accounts.pop()
  changed(alice.did)
  await lookup.find('bob.test')
  resolve(early)
  expect(await overtaken).toEqual(alice)
  expect(await lookup.find(alice.handle)).toBeUndefined()
})

test('that there is nobody is not remembered, nor that there was no answer', async () => {
  const accounts: HostedAccount[] = []
  const { lookup, find } = lookupIn(accounts)
  expect(await lookup.find(alice.handle)).toBeUndefined()
  find.mockRejectedValueOnce(new Error('the directory is down'))
  await expect(lookup.find(alice.handle)).rejects.toThrow('the directory is down')
  accounts.push(alice)
  expect(await lookup.find(alice.handle)).toEqual(alice)
})

test('what was forgotten is asked again', async () => {
  const accounts = [alice]
  const { lookup } = lookupIn(accounts)
  await lookup.find(alice.handle)
  accounts.pop()
  expect(await lookup.find(alice.handle)).toEqual(alice)
  lookup.invalidate(alice.handle)
  expect(await lookup.find(alice.handle)).toBeUndefined()
})

test('a method that is about an account of this host refuses all others', async () => {
  const { lookup } = lookupIn([alice])
  expect(await lookup.get(alice.did)).toEqual(alice)
  await expect(lookup.get('bob.test')).rejects.toMatchObject({
    statusCode: 400,
    error: 'RepoNotFound',
    message: 'Could not find repo: bob.test',
  })
})

test.each([
  ['a handle', 'alice.test'],
  ['a handle with an @', '@alice.test'],
  ['a handle as phones write it', ' Alice.test '],
  ['a DID', 'did:web:alice.test'],
  ['an e-mail address', 'Alice@Example.com'],
])('somebody is meant by %s', async (_, typed) => {
  expect(await lookupIn([alice]).lookup.findByIdentifier(typed)).toEqual(alice)
})

test('an e-mail address is looked up anew each time', async () => {
  const { lookup, find } = lookupIn([alice])
  await lookup.findByIdentifier('alice@example.com')
  await lookup.findByIdentifier('alice@example.com')
  expect(find.mock.calls).toEqual([
    ['email', 'alice@example.com'],
    ['email', 'alice@example.com'],
  ])
})

test('a clock that is put back makes nobody be believed for longer, and the directory be asked no more often', async () => {
  const accounts = [alice]
  const { lookup, find, changed } = lookupIn(accounts)
  await lookup.find(alice.handle)
  later(-3_600_000)
  expect(await lookup.find(alice.handle)).toEqual(alice)
  expect(await lookup.find(alice.handle)).toEqual(alice)
  expect(find).toHaveBeenCalledTimes(2)
  accounts.pop()
  changed(alice.did)
  later(TRUST)
  expect(await lookup.find(alice.handle)).toBeUndefined()
})
