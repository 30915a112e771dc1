import { env } from 'cloudflare:workers'
import { XRPCError } from '@atproto/xrpc-server'
import { expect, test, vi } from 'vitest'
import { readConfig } from '../../kernel/config/config.ts'
import type { Account } from '../../storage/account/profile.ts'
import type { WaitingSignUp } from '../../storage/directory/sign-up-queue.ts'
import { standIn } from '../../testing/stand-in.ts'
import type { AccountClient, DirectoryClient } from '../objects/stubs.ts'
import { SignUps } from './sign-ups.ts'

const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'

/** A host on which one account waits; `fails` names the step that breaks off once. */
function hostWith({ fails = '', awaitsApproval = true } = {}) {
  const done: string[] = []
  let waiting: WaitingSignUp | undefined = {
    did,
    handle: 'alice.test',
    email: 'a@example.com',
    since: 0,
    genesis: '{"type":"plc_operation"}',
    refused: null,
  }
  let failing = fails
  const step = <T>(name: string, result: () => T) =>
    vi.fn(async () => {
      if (failing === name) {
        failing = ''
        throw new Error('the connection was lost')
      }
      done.push(name)
      return result()
    })
  const state = { awaitsApproval }
  const account = standIn<AccountClient>({
    profile: standIn<AccountClient['profile']>({
      get: async () => standIn<Account>({ awaitsApproval: state.awaitsApproval }),
    }),
    lifecycle: standIn<AccountClient['lifecycle']>({
      approve: step('approve', () => {
        state.awaitsApproval = false
      }),
      refuse: step('delete', () => state.awaitsApproval),
    }),
  })
  const directory = standIn<DirectoryClient>({
    accounts: standIn<DirectoryClient['accounts']>({
      remove: step('remove', () => {
        waiting = undefined
      }),
    }),
    mails: standIn<DirectoryClient['mails']>({ addressee: async () => undefined }),
    signUps: standIn<DirectoryClient['signUps']>({
      get: async () => waiting,
      finish: step('finish', () => {
        waiting = undefined
      }),
      refuse: step('mark', () => undefined),
    }),
  })
  const signUps = new SignUps({
    config: readConfig({ ...env }),
    objects: { account: () => account, directory },
    plc: { submit: step('publish', () => undefined) },
    sends: true,
  })
  return { signUps, done }
}

test('an approval publishes first, and is completed by approving again, wherever it broke off', async () => {
  for (const fails of ['publish', 'approve', 'finish']) {
    const { signUps, done } = hostWith({ fails })
    await expect(signUps.approve(did)).rejects.toThrow('lost')
    await signUps.approve(did)
    expect(done.at(-1)).toBe('finish')
    expect(done.indexOf('publish')).toBeLessThan(done.indexOf('approve'))
  }
})

test('whoever is in already is not sent away, though the queue still has them', async () => {
  const { signUps, done } = hostWith({ awaitsApproval: false })
  await expect(signUps.refuse(did, 'too late')).rejects.toBeInstanceOf(XRPCError)
  expect(done).toEqual(['finish'])
})

test('a refusal goes on where it broke off, and nothing is deleted before it is marked', async () => {
  for (const fails of ['mark', 'delete', 'remove']) {
    const { signUps, done } = hostWith({ fails })
    await expect(signUps.refuse(did, 'no')).rejects.toThrow('lost')
    await signUps.refuse(did, 'no')
    expect(done.at(-1)).toBe('remove')
    expect(done.indexOf('mark')).toBeLessThan(done.indexOf('delete'))
  }
})
