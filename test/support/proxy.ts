/** A server with an AppView, a chat service and a PLC directory that knows other services. */
import { AtpAgent } from '@atproto/api'
import { SigningKey } from '../../src/kernel/crypto/signing-key.ts'
import { PlcDirectory } from '../../src/services/identity/plc.ts'
import { startAppView, type TestService } from './appview.ts'
import { localResolver } from './identity.ts'
import { startPlc, type TestPlc } from './plc.ts'
import { HANDLE, PASSWORD, startServer, type TestServer } from './server.ts'

export const APPVIEW = 'did:web:appview.test'

export interface ProxyHost {
  server: TestServer
  appview: TestService
  plc: TestPlc
  directory: PlcDirectory
  /** The first account, signed in. */
  agent: AtpAgent
  /** did:key of an account of the server. */
  keyOf(did: string): Promise<string>
  /** A DID of the directory with these services, by id, at these addresses. */
  register(services: Record<string, string>, key?: SigningKey): Promise<string>
  /** A request to the server as the first account. */
  call(path: string, init?: RequestInit): Promise<Response>
  stop(): Promise<void>
}

const rotationKey = SigningKey.generate()

/** @param env further settings, which may depend on where the AppView is */
export async function startProxyHost(
  env: (appviewUrl: string) => Record<string, string> = () => ({}),
  appviewOptions: Parameters<typeof startAppView>[1] = {},
): Promise<ProxyHost> {
  const plc = await startPlc()
  const keyOf = (did: string) => localResolver(server.origin).did.resolveAtprotoKey(did)
  const appview = await startAppView({ did: APPVIEW, keyOf }, appviewOptions)
  const server: TestServer = await startServer({
    env: {
      PDS_DID_PLC_URL: plc.url,
      PDS_BSKY_APP_VIEW_URL: appview.url,
      PDS_BSKY_APP_VIEW_DID: APPVIEW,
      ...env(appview.url),
    },
  })
  const agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: HANDLE, password: PASSWORD })
  const directory = new PlcDirectory(
    {
      plcUrl: plc.url,
      plcRotationKey: Buffer.from(rotationKey.toBytes()).toString('hex'),
    },
    fetch,
  )
  return {
    server,
    appview,
    plc,
    directory,
    agent,
    keyOf,
    async register(services, key = rotationKey) {
      const { did, op } = directory.genesis({
        signingKey: key.did(),
        rotationKeys: [rotationKey.did()],
        handle: `service${Math.floor(Math.random() * 1e9)}.example.com`,
        pds: 'https://elsewhere.example.com',
      })
      await directory.submit(did, op)
      await directory.update(did, (state) => ({
        ...state,
        services: Object.fromEntries(
          Object.entries(services).map(([id, endpoint]) => [id, { type: 'TestService', endpoint }]),
        ),
      }))
      return did
    },
    call: (path, init = {}) =>
      fetch(`${server.origin}/xrpc/${path}`, {
        ...init,
        headers: { authorization: `Bearer ${agent.session?.accessJwt}`, ...init.headers },
      }),
    async stop() {
      await server.stop()
      await appview.stop()
      await plc.stop()
    },
  }
}
