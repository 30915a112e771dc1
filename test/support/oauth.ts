/** Apps that use OAuth, and their users, for end-to-end tests. */
import { NodeOAuthClient, type NodeOAuthClientOptions } from '@atproto/oauth-client-node'
import { Browser } from './browser.ts'

/** The address under which a test server knows itself. */
export const publicOrigin = (origin: string): string => origin.replace('127.0.0.1', 'localhost')

const REDIRECT = 'http://127.0.0.1/callback'

/** A client on the user's own machine (OAuth specification, localhost clients). */
export function loopbackClient(scope: string, redirect = REDIRECT): string {
  return `http://localhost?${new URLSearchParams({ redirect_uri: redirect, scope })}`
}

export interface TestApp {
  client: NodeOAuthClient
  sessions: Map<string, unknown>
}

/**
 * An app with the official client library, in memory.
 *
 * @param handleResolver a PDS that is asked for handles; without one, apps are given DIDs or hosts
 */
export function makeApp(
  plcUrl: string,
  scope: string,
  fetch?: typeof globalThis.fetch,
  handleResolver = plcUrl,
): TestApp {
  const sessions = new Map<string, unknown>()
  const client = new NodeOAuthClient({
    clientMetadata: {
      client_id: loopbackClient(scope),
      redirect_uris: [REDIRECT],
      scope,
      response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      dpop_bound_access_tokens: true,
    },
    ...memoryStores(sessions),
    allowHttp: true,
    plcDirectoryUrl: plcUrl,
    handleResolver,
    ...(fetch && { fetch }),
  })
  return { client, sessions }
}

export function memoryStores(
  sessions = new Map<string, unknown>(),
): Pick<NodeOAuthClientOptions, 'stateStore' | 'sessionStore' | 'requestLock'> {
  const store = (map: Map<string, unknown>) => ({
    async get(key: string) {
      return map.get(key) as never
    },
    async set(key: string, value: unknown) {
      map.set(key, value)
    },
    async del(key: string) {
      map.delete(key)
    },
  })
  const locks = new Map<string, Promise<unknown>>()
  return {
    stateStore: store(new Map()),
    sessionStore: store(sessions),
    async requestLock(name, work) {
      const before = locks.get(name)
      const mine = (async () => {
        await before?.catch(() => {})
        return work()
      })()
      locks.set(name, mine)
      return mine
    },
  }
}

export interface User {
  did: string
  identifier: string
  password: string
}

/** Signs in on the page that is open; `remember` keeps the browser signed in. */
export async function signIn(browser: Browser, user: User, remember = true) {
  const { identifier: username, password } = user
  const answer = await browser.api('POST', '/sign-in', {
    locale: 'en',
    username,
    password,
    remember,
  })
  const { ephemeralToken } = answer.json() as { ephemeralToken?: string }
  const headers: Record<string, string> = ephemeralToken
    ? { authorization: `Bearer ${ephemeralToken}` }
    : {}
  return { answer, headers }
}

/** Signs in and allows what an app asks for. @returns where the app gets its answer: `redirect_uri?code=…` */
export async function consent(url: URL | string, user: User, browser?: Browser): Promise<URL> {
  const page = browser ?? new Browser(new URL(url).origin)
  const opened = await page.open(String(url), 'cross-site')
  if (opened.status !== 200) throw new Error(`the page did not open: ${opened.text.slice(0, 2000)}`)
  const { answer, headers } = await signIn(page, user)
  if (answer.status !== 200) throw new Error(`could not sign in: ${answer.text}`)
  return accept(page, user, headers)
}

/** Allows what the open page asks for. */
export async function accept(
  page: Browser,
  { did }: Pick<User, 'did'>,
  headers: Record<string, string> = {},
): Promise<URL> {
  const consented = await page.api('POST', '/consent', { did }, headers)
  const { url } = consented.json() as { url?: string }
  if (!url) throw new Error(`no consent: ${consented.text}`)
  const redirect = await page.open(url, 'same-origin')
  const { location } = redirect.headers
  if (!location) throw new Error(`no redirect: ${redirect.status} ${redirect.text.slice(0, 2000)}`)
  return new URL(location)
}
