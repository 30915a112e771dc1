/** Accounts whose passwords are hashed elsewhere while they are made, as beside plain workerd. */

import { env } from 'cloudflare:workers'
import { XRPCError } from '@atproto/xrpc-server'
import { expect, test, vi } from 'vitest'
import { readConfig } from '../../kernel/config/config.ts'
import { inlineLeases, PasswordHasher } from '../../kernel/crypto/password.ts'
import { PASSWORD, send } from '../../testing/host.ts'
import { standIn } from '../../testing/stand-in.ts'
import { OperatorNames } from '../identity/operator-names.ts'
import { PlcDirectory } from '../identity/plc.ts'
import type { PlcOperation, PlcTombstone } from '../identity/plc-operation.ts'
import type { IdentityResolver } from '../identity/resolver.ts'
import { hostObjects } from '../objects/stubs.ts'
import { AccountLookup } from './account-lookup.ts'
import { createAccount } from './create.ts'

const objects = hostObjects(env)
const config = readConfig({ ...env })
const hasher = new PasswordHasher({ key: 'test', leases: inlineLeases() })

/** A PLC directory that takes everything, of one identity. */
function directory() {
  const log: (PlcOperation | PlcTombstone)[] = []
  const plc = new PlcDirectory(config, async (_url, init) => {
    if (init.method !== 'POST') return Response.json(log.at(-1))
    log.push(JSON.parse(String(init.body)))
    return new Response()
  })
  return { log, plc }
}

function signUp(handle: string, plc: PlcDirectory, hashing: () => Promise<string>) {
  const dependencies = {
    config,
    objects,
    plc,
    lookup: new AccountLookup(objects),
    identity: standIn<IdentityResolver>({}),
    operatorNames: new OperatorNames(config),
    space: { assertRoom: async () => undefined },
    countSignUp: async () => undefined,
    countTry: async () => true,
    hashAhead: hashing,
    waitUntil: () => undefined,
  }
  const email = `${handle}@example.com`
  return createAccount(dependencies, { handle, email, password: PASSWORD }, undefined)
}

const login = (identifier: string) =>
  send('/xrpc/com.atproto.server.createSession', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ identifier, password: PASSWORD }),
  })

const tooMany = new XRPCError(429, 'Too many are signing in', 'RateLimitExceeded')

test('the identity is published meanwhile, and the account is not there before it has its password', async () => {
  const { log, plc } = directory()
  const hash = Promise.withResolvers<string>()
  const made = signUp('hashed.test', plc, () => hash.promise)
  await vi.waitFor(() => expect(log).toHaveLength(1))
  expect(await objects.directory.accounts.find('handle', 'hashed.test')).toBeUndefined()
  expect((await login('hashed.test')).status).toBe(401)
  hash.resolve(await hasher.hash(PASSWORD))
  expect((await made).account).toMatchObject({ handle: 'hashed.test', status: 'active' })
  expect((await login('hashed.test')).status).toBe(200)
  expect(log).toHaveLength(1)
})

test('when hashing fails at once nothing is published, and the handle is free again', async () => {
  const { log, plc } = directory()
  await expect(signUp('refused.test', plc, () => Promise.reject(tooMany))).rejects.toBe(tooMany)
  expect(log).toEqual([])
  expect(await objects.directory.accounts.isHandleFree('refused.test')).toBe(true)
})

test('when it fails late the identity is ended', async () => {
  const { log, plc } = directory()
  const hash = Promise.withResolvers<string>()
  const made = signUp('late.test', plc, () => hash.promise)
  await vi.waitFor(() => expect(log).toHaveLength(1))
  hash.reject(tooMany)
  await expect(made).rejects.toBe(tooMany)
  expect(log.map(({ type }) => type)).toEqual(['plc_operation', 'plc_tombstone'])
  expect(await objects.directory.accounts.isHandleFree('late.test')).toBe(true)
})

test('a password is given to an account that is being made only', async () => {
  const { plc } = directory()
  const { account } = await signUp('whole.test', plc, () => hasher.hash(PASSWORD))
  const { lifecycle } = objects.account(account.did)
  const given = lifecycle.setFirstPassword(await hasher.hash('another password'))
  await expect(given).rejects.toMatchObject({ customErrorName: 'AccountNotFound' })
  expect((await login('whole.test')).status).toBe(200)
})
