import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { HostedAccount } from '../../storage/directory/accounts.ts'
import { standIn } from '../../testing/stand-in.ts'
import type { DirectoryClient } from '../objects/stubs.ts'
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

/** A lookup in a directory of these accounts, which may change. */
function lookupIn(accounts: HostedAccount[]) {
  const find = vi.fn(async (by: 'did' | 'handle' | 'email', value: string) =>
    accounts.find((account) => account[by] === value),
  )
  const directory = vi.fn(() =>
    standIn<DirectoryClient>({ accounts: standIn<DirectoryClient['accounts']>({ find }) }),
  )
  return { lookup: new AccountLookup(directory), find, directory }
}

test('an account is found by its DID and by its handle', async () => {
  const { lookup, find } = lookupIn([alice])
  expect(await lookup.find(alice.did)).toEqual(alice)
  expect(await lookup.find(alice.handle)).toEqual(alice)
  expect(find.mock.calls).toEqual([
    ['did', alice.did],
    ['handle', alice.handle],
  ])
})

test('the directory is asked once in five seconds, each time by a client of its own', async () => {
  const { lookup, find, directory } = lookupIn([alice])
  await lookup.find(alice.handle)
  later(TRUST - 1)
  await lookup.find(alice.handle)
  expect(find).toHaveBeenCalledTimes(1)
  later(1)
  await lookup.find(alice.handle)
  expect(find).toHaveBeenCalledTimes(2)
  expect(directory).toHaveBeenCalledTimes(2)
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
