/** Every route states who may call it, how often, and how large a body may be. */
import { env } from 'cloudflare:workers'
import type { LexXrpcProcedure } from '@atproto/lexicon'
import { describe, expect, test } from 'vitest'
import { servicesOf } from '../../context/services.ts'
import { routes } from '../../generated/routes.ts'
import { lexicons } from '../../kernel/lexicons.ts'
import { send } from '../../testing/host.ts'
import { pages } from '../../web/account/serve.ts'
import { adminConsole } from '../../web/admin/serve.ts'
import { site } from '../../web/site.ts'
import { bodyLimitOf } from '../xrpc/body.ts'
import { pathPolicies, policyOf } from './path-policy.ts'

const { config } = servicesOf(env)
const MB = 1024 * 1024

describe('methods', () => {
  const local = Object.entries(routes).flatMap(([nsid, route]) =>
    route.to === 'local' ? [[nsid, route] as const] : [],
  )

  test.each(local)('%s', async (nsid, route) => {
    const { default: definition } = await route.load()
    // Who: a policy that accepts some credentials, or says that it looks at none.
    expect(Array.isArray(definition.auth.accept)).toBe(true)
    // How much: no more than the largest upload that a setting allows.
    const limit = bodyLimitOf(definition, config)
    expect(limit).toBeGreaterThan(0)
    expect(limit).toBeLessThanOrEqual(1024 * MB)
    const method = lexicons().getDefOrThrow(nsid)
    const isStream = method.type === 'procedure' && !!method.input && !method.input.schema
    // A body that is not JSON needs a limit of its own.
    if (isStream) expect(definition.inputLimit).toBeDefined()
    // Tests of these two send more than they take, with and without saying so.
    if (definition.countsInput) {
      expect(['com.atproto.repo.uploadBlob', 'com.atproto.repo.importRepo']).toContain(nsid)
    }
    // How often: all requests of a network are counted; what comes on top has a name and a window.
    for (const rule of definition.limits ?? []) {
      expect(rule.name).not.toBe('')
      expect(rule.limit).toBeGreaterThan(0)
      expect(rule.window).toBeGreaterThan(0)
    }
  })

  test('whoever may call without credentials cannot send much', async () => {
    for (const [nsid, route] of local) {
      const { default: definition } = await route.load()
      const isOpen = definition.auth.accept.length === 0 || definition.auth.orAnonymous === true
      const { type } = lexicons().getDefOrThrow(nsid) as LexXrpcProcedure
      if (isOpen && type === 'procedure') {
        expect([nsid, bodyLimitOf(definition, config)]).toEqual([nsid, 150 * 1024])
      }
    }
  })

  test('that are forwarded: who is signed in, and so many bytes', async () => {
    expect(config.proxyLimits.maxRequestSize).toBeLessThanOrEqual(100 * MB)
    const headers = { 'atproto-proxy': 'did:web:api.bsky.app#bsky_appview' }
    for (const [nsid, { to, kind }] of Object.entries(routes)) {
      if (to !== 'proxy') continue
      const method = kind === 'procedure' ? 'POST' : 'GET'
      const { status } = await send(`/xrpc/${nsid}`, { method, headers })
      // Without credentials nothing goes anywhere: 401, or 501 for what is not forwarded after all.
      expect([nsid, [400, 401, 501].includes(status)]).toEqual([nsid, true])
    }
  })
})

describe('paths', () => {
  const isRoute = ({ method, path }: { method: string; path: string }) =>
    method !== 'ALL' || !path.endsWith('*')
  const all = [...site.routes, ...pages.routes, ...adminConsole.routes]
    .filter(isRoute)
    .map(({ method, path }) => [method, path.replace('/*', '/anything')] as const)

  test.each(all)('%s %s', (method, path) => {
    const policy = policyOf(method, path)
    expect(policy).toBeDefined()
    if (method === 'POST') {
      expect(policy?.maxBody).toBeGreaterThan(0)
      expect(policy?.perFiveMinutes).toBeGreaterThan(0)
    } else expect(policy?.maxBody).toBe(0)
  })

  test('there are some', () => {
    expect(all.length).toBeGreaterThan(35)
    const large = pathPolicies.filter(({ maxBody, streams }) => maxBody > MB || streams)
    // What only operators send.
    expect(large.map(({ path, caller }) => [path, caller])).toEqual([
      ['/operator/restore/blob', 'operator'],
      ['/operator/restore/*', 'operator'],
    ])
    expect(large.every(({ maxBody }) => maxBody <= 8 * MB)).toBe(true)
  })

  test.each(['/settings/sign-in', '/oauth/par', '/oauth/token', '/status', '/nothing/here'])(
    'POST %s takes no body that is too large',
    async (path) => {
      const body = new Uint8Array(200 * 1024)
      const headers = { 'sec-fetch-site': 'same-origin' }
      const answer = await send(path, { method: 'POST', headers, body })
      expect(answer.status).toBe(413)
      expect(await answer.json()).toMatchObject({ error: 'PayloadTooLarge' })
      const unsized = new Response(body).body?.pipeThrough(new TransformStream())
      expect((await send(path, { method: 'POST', headers, body: unsized })).status).toBe(413)
    },
  )
})
