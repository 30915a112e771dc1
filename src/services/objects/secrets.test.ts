import { createExecutionContext, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, expect, test, vi } from 'vitest'
import type { RpcObject } from '../../contracts/answer.ts'
import type { Env } from '../../contracts/env.ts'
import { makeAccount } from '../../testing/host.ts'
import worker from '../../worker.ts'
import { directoryStub, hostObjects } from './stubs.ts'

const { directory } = hostObjects(env)

beforeAll(async () => {
  await makeAccount()
})

/** Asks another isolate, which has other settings. */
const ask = (path: string, changed: Partial<Env>) =>
  worker.fetch(
    new Request(`http://localhost${path}`),
    { ...env, ...changed },
    createExecutionContext(),
  )

test.each(['PDS_KEY_SECRET', 'PDS_JWT_SECRET', 'PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX'])(
  'with another %s nothing is answered, and the log names it',
  async (name) => {
    const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    for (const path of ['/', '/xrpc/_health', '/xrpc/com.atproto.sync.listRepos', '/settings']) {
      const response = await ask(path, { [name]: '22'.repeat(32) })
      expect(response.status).toBe(503)
      expect(await response.json()).toMatchObject({ error: 'ConfigurationError' })
    }
    expect(logged).toHaveBeenCalledTimes(4)
    for (const [line] of logged.mock.calls) {
      expect(line).toContain(`${name} is not the one`)
      expect(line).not.toContain('22'.repeat(32))
    }
    logged.mockRestore()
    expect((await ask('/xrpc/_health', {})).status).toBe(200)
  },
)

test('a first request that fails, while what it has asked is never answered, keeps no other waiting', async () => {
  const asked = new Set<string>()
  // As the runtime forgets what a request has asked when that request is over.
  const call: RpcObject['call'] = async (part, method, ...rest) => {
    const isFirst = !asked.has(method)
    asked.add(method)
    if (isFirst && method === 'recorded') return new Promise(() => undefined)
    if (isFirst && method === 'findAny') throw new Error('it was reset')
    return directoryStub(env).call(part, method, ...rest)
  }
  const isolate = {
    ...env,
    DIRECTORY: {
      idFromName: (name: string) => name,
      get: (name: string) =>
        name === 'directory' ? { call } : env.DIRECTORY.get(env.DIRECTORY.idFromName(name)),
    } as unknown as Env['DIRECTORY'],
  }
  const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const url = 'http://localhost/xrpc/com.atproto.server.describeServer'
  const send = () => worker.fetch(new Request(url), isolate, createExecutionContext())
  expect((await send()).status).toBe(500)
  expect((await send()).status).toBe(200)
  expect([...asked]).toEqual(expect.arrayContaining(['recorded', 'findAny']))
  // The settings are right.
  expect(logged.mock.calls.map(([line]) => JSON.parse(line))).toMatchObject([
    { message: 'request failed', error: 'Error: it was reset' },
  ])
  logged.mockRestore()
})

const NEXT = 'the next key secret, long enough'

test('a change that is not over goes on with both secrets only, whichever is in use', async () => {
  const next = { PDS_NEXT_KEY_SECRET: NEXT }
  expect((await ask('/xrpc/_health', { PDS_NEXT_KEY_SECRET: `accept:${NEXT}` })).status).toBe(200)
  expect(await directory.secrets.rotations()).toEqual({})
  expect((await ask('/xrpc/_health', next)).status).toBe(200)
  const begun = await directory.secrets.rotations()
  expect(begun).toMatchObject({ key: { finishedAt: null } })
  const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  expect((await ask('/xrpc/_health', { PDS_KEY_SECRET: NEXT })).status).toBe(503)
  expect(logged.mock.calls.at(-1)?.[0]).toContain('PDS_KEY_SECRET is being replaced')
  expect((await ask('/xrpc/_health', {})).status).toBe(503)
  const third = { PDS_KEY_SECRET: NEXT, PDS_NEXT_KEY_SECRET: 'a third key secret, long enough' }
  expect((await ask('/xrpc/_health', third)).status).toBe(503)
  logged.mockRestore()
  expect((await ask('/xrpc/_health', next)).status).toBe(200)
  // Back again, before it was over.
  const back = { PDS_KEY_SECRET: NEXT, PDS_NEXT_KEY_SECRET: env.PDS_KEY_SECRET ?? '' }
  expect((await ask('/xrpc/_health', back)).status).toBe(200)
  const lost = { PDS_ROTATED_SECRETS: 'PDS_KEY_SECRET' }
  expect((await ask('/xrpc/_health', lost)).status).toBe(200)
  expect(await directory.secrets.rotations()).toEqual({})
})

test('data of a release that noted no secrets are gone through for what the one before may have encrypted', async () => {
  await runInDurableObject(directoryStub(env), (_, { storage }) => {
    storage.kv.delete('fingerprints of secrets')
  })
  expect((await ask('/xrpc/_health', { PDS_NEXT_KEY_SECRET: NEXT })).status).toBe(200)
  expect(await directory.secrets.rotations()).toMatchObject({ key: { finishedAt: null } })
})
