/**
 * What the provider does in one request, in its order of calls to the stores, with the account signed out before each
 * of them in turn: nothing is left afterwards.
 */
import { env } from 'cloudflare:workers'
import type { RequestId } from '@atproto/oauth-provider/store'
import { expect, test } from 'vitest'
import { withRequest } from '../context/current-request.ts'
import { createRequestContext } from '../context/request.ts'
import { type Services, servicesOf } from '../context/services.ts'
import { createLogger } from '../kernel/log.ts'
import { makeAccount, PASSWORD } from '../testing/host.ts'
import { bindToEpochs } from './ephemeral-tokens.ts'
import { accountStore } from './store/accounts.ts'
import { deviceStore } from './store/devices.ts'
import { requestStore } from './store/requests.ts'
import { tokenStore } from './store/tokens.ts'

const HOUR = 60 * 60 * 1000
const CLIENT = 'https://app.example.com/client.json'

type Work = (services: Services, did: string, ids: Ids) => Promise<unknown>
interface Ids {
  device: never
  request: RequestId
  code: never
  handle: string
}

const inRequest = <T>(work: () => T): T =>
  withRequest(
    createRequestContext(
      new Request('http://localhost/oauth'),
      servicesOf(env).config,
      createLogger({}, true),
      { waitUntil: () => {} },
    ),
    work,
  )

/** The same services, which call `before` ahead of each call of an object. */
function watched(services: Services, before: () => Promise<void>): Services {
  const watch = <T extends object>(client: T): T =>
    new Proxy(client, {
      get: (target, part) =>
        new Proxy(Reflect.get(target, part) as object, {
          get: (methods, method) => {
            const call = Reflect.get(methods, method) as (...args: unknown[]) => Promise<unknown>
            return async (...args: unknown[]) => {
              await before()
              return call(...args)
            }
          },
        }),
    })
  return Object.create(services, {
    oauth: { get: () => watch(services.oauth) },
    account: { value: (did: string) => watch(services.account(did)) },
  }) as Services
}

const random = () => crypto.randomUUID().replaceAll('-', '')

async function prepare(services: Services, handle: string): Promise<Ids> {
  const ids = {
    device: `dev-${random()}`,
    request: `req-${random()}`,
    code: `cod-${random()}`,
    handle,
  } as unknown as Ids
  await deviceStore(services).createDevice(ids.device, {
    sessionId: `ses-${random()}`,
    userAgent: null,
    ipAddress: '::1',
    lastSeenAt: new Date(),
  } as never)
  await requestStore(services).createRequest(ids.request, {
    clientId: CLIENT,
    clientAuth: { method: 'none' },
    parameters: {},
    expiresAt: new Date(Date.now() + HOUR),
    deviceId: ids.device,
    did: null,
    code: null,
  } as never)
  await inRequest(() => accountStore(services).authenticateAccount(credentials(handle)))
  return ids
}

const credentials = (handle: string) => ({ username: handle, password: PASSWORD }) as never

const signIn: Work = async (services, did, { device, handle }) => {
  const store = accountStore(services)
  await store.authenticateAccount(credentials(handle))
  await store.upsertDeviceAccount(device, did as never)
}

const consent: Work = async (services, did, { device, request, code }) => {
  const store = accountStore(services)
  if (!(await store.getDeviceAccount(device, did as never))) throw new Error('signed out')
  await requestStore(services).updateRequest(request, { did, code } as never)
  await store.setAuthorizedClient(did as never, CLIENT as never, { authorizedScopes: ['atproto'] })
}

const exchange: Work = async (services, did, { code, device }) => {
  if (!(await requestStore(services).consumeRequestCode(code))) throw new Error('no such code')
  await tokenStore(services).createToken(
    `tok-${random()}` as never,
    {
      did,
      clientId: CLIENT,
      clientAuth: { method: 'none' },
      deviceId: device,
      parameters: {},
      scope: 'atproto',
      code,
      createdAt: new Date(),
      updatedAt: new Date(),
      expiresAt: new Date(Date.now() + HOUR),
    } as never,
    `ref-${random()}` as never,
  )
}

const refresh: Work = async (services, did) => {
  const store = tokenStore(services)
  const [token] = await store.listAccountTokens(did as never)
  if (!token) throw new Error('no token')
  await store.rotateToken(
    token.id,
    `tok-${random()}` as never,
    `ref-${random()}` as never,
    {
      ...token.data,
      updatedAt: new Date(),
    } as never,
  )
}

/** What an account has at the OAuth server. */
async function left({ oauth }: Services, did: string, { request }: Ids): Promise<unknown[]> {
  const [clients] = await oauth.clients.authorizedBy([did])
  const pending = await oauth.requests.read(request)
  return [
    ...(await oauth.tokens.ofAccount(did)),
    ...(await oauth.devices.accounts({ did })),
    ...(clients?.clients ?? []),
    ...(pending?.codeHash ? [pending] : []),
  ]
}

test.each<[string, Work[], Work]>([
  ['a sign-in', [], signIn],
  ['a consent', [signIn], consent],
  ['the exchange of a code', [signIn, consent], exchange],
  ['a refresh', [signIn, consent, exchange], refresh],
])('%s leaves nothing behind, whenever the account is signed out', async (_, before, work) => {
  const services = servicesOf(env)
  let calls = 0
  // The first call of a sign-in asks for the epoch: a sign-out ahead of it comes before all that is looked at.
  for (let cut = work === signIn ? 1 : 0; ; cut++) {
    const { did, handle } = await makeAccount()
    const ids = await inRequest(() => prepare(services, handle))
    for (const step of before) await inRequest(() => step(services, did, ids))
    calls = 0
    const cutIn = async () => {
      if (calls++ === cut) await services.oauth.accounts.remove(did, { devices: true })
    }
    const outcome = await inRequest(() => work(watched(services, cutIn), did, ids)).then(
      () => 'done',
      () => 'refused',
    )
    if (cut >= calls) {
      // Never cut in upon: it works.
      expect(outcome).toBe('done')
      expect(await left(services, did, ids)).not.toEqual([])
      break
    }
    expect(await left(services, did, ids)).toEqual([])
  }
  expect(calls).toBeGreaterThan(1)
})

test('a token of a browser that is not remembered ends with its epoch', async () => {
  const services = servicesOf(env)
  const { did } = await makeAccount()
  const signer = {
    createEphemeralToken: async (payload: object) => JSON.stringify(payload),
    verifyEphemeralToken: async (token: string) => ({ payload: JSON.parse(token) }),
  }
  bindToEpochs(signer as never, services)
  const token = await inRequest(async () => {
    await accountStore(services).getDeviceAccount('none' as never, did as never)
    await expect(async () => signer.createEphemeralToken({ sub: did })).rejects.toThrow(
      'nothing was asked',
    )
    const { beginEpoch } = await import('./store/epochs.ts')
    await beginEpoch(services, did)
    return signer.createEphemeralToken({ sub: did })
  })
  await inRequest(() => signer.verifyEphemeralToken(token))
  await services.oauth.accounts.remove(did, { devices: true })
  await expect(inRequest(() => signer.verifyEphemeralToken(token))).rejects.toThrow('signed out')
  const without = JSON.stringify({ sub: did })
  await expect(inRequest(() => signer.verifyEphemeralToken(without))).rejects.toThrow('signed out')
})
