/** What apps publish about themselves, when it is not as it should be. Only their site is stood in for. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { schemas } from '../generated/schemas.ts'
import { hashOf } from '../server/auth/oauth-secrets.ts'
import { ProviderSession } from '../testing/browser-session.ts'
import { ASSERTION, ConfidentialClient, type Tokens } from '../testing/confidential-client.ts'
import { type ForeignSite, foreignSite, jsonPage } from '../testing/foreign-site.ts'
import { makeAccount, PASSWORD, send } from '../testing/host.ts'

let site: ForeignSite

beforeEach(() => {
  site = foreignSite()
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** An app whose site is as it should be. */
async function publish(scope?: string): Promise<ConfidentialClient> {
  const client = await ConfidentialClient.make(scope)
  site.pages[client.id] = jsonPage(client.metadata)
  site.pages[client.keysUrl] = jsonPage({ keys: [client.key.jwk] })
  return client
}

const asJson = (body: string) =>
  new Response(body, { headers: { 'content-type': 'application/json' } })
const LARGE = 'x'.repeat(600 * 1024)

describe('an app is told what is wrong with its metadata, when that', () => {
  const invalid: [string, (client: ConfidentialClient) => Response, RegExp][] = [
    [
      'is too large',
      ({ metadata }) => Response.json({ ...metadata, client_name: LARGE }),
      /larger than \d+ bytes/,
    ],
    ['is not JSON', () => asJson('<!doctype html>'), /JSON/i],
    ['is said not to be JSON', () => new Response('{}'), /content.type/i],
    ['is not there', () => new Response('no such page', { status: 404 }), /no such page/],
    ['is elsewhere', () => Response.redirect('https://app.example.org/client.json'), /redirect/i],
    [
      'is about another app',
      ({ metadata }) =>
        Response.json({ ...metadata, client_id: 'https://other.example.com/a.json' }),
      /client_id/,
    ],
    [
      'leaves out the keys',
      ({ metadata: { jwks_uri: _, ...rest } }) => Response.json(rest),
      /requires jwks/,
    ],
  ]
  test.each(invalid)('%s', async (_, page, message) => {
    const client = await publish()
    site.pages[client.id] = () => page(client)
    const response = await client.push()
    expect(response.status).toBe(400)
    const { error, error_description } = (await response.json()) as Record<string, string>
    expect(error).toBe('invalid_client_metadata')
    expect(error_description).toMatch(message)
    expect(new Set(site.asked)).toEqual(new Set([client.id]))
  })

  test('is mended, it can go on', async () => {
    const client = await publish()
    const right = site.pages[client.id]
    site.pages[client.id] = () => asJson('{')
    expect((await client.push()).status).toBe(400)
    if (right) site.pages[client.id] = right
    expect((await client.push()).status).toBe(201)
  })
})

test.each([
  'https://10.0.0.1/keys.json',
  'https://[fd00::1]/keys.json',
  'https://keys.internal/keys.json',
])('nobody asks for keys at %s', async (jwks_uri) => {
  const client = await publish()
  site.pages[client.id] = jsonPage({ ...client.metadata, jwks_uri })
  site.pages[jwks_uri] = jsonPage({ keys: [client.key.jwk] })
  const response = await client.push()
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({
    error: 'invalid_client_metadata',
    error_description: expect.stringMatching(/refused|not public/i),
  })
  expect(new Set(site.asked)).toEqual(new Set([client.id]))
})

test('requests of one app that come at the same time wait for one document', async () => {
  const client = await publish()
  // By way of the runtime: each has its own context, in which promises of others must not get stuck.
  const push = async () => {
    const { id: client_id, redirect: redirect_uri, scope } = client
    const form = { client_id, redirect_uri, scope, response_type: 'code' }
    const pkce = { code_challenge_method: 'S256', code_challenge: hashOf(crypto.randomUUID()) }
    const client_assertion = await client.assertion()
    const signed = { client_assertion_type: ASSERTION, client_assertion }
    const body = new URLSearchParams({ ...form, ...pkce, ...signed })
    const response = await send('/oauth/par', { method: 'POST', body })
    return [response.status, await response.text()]
  }
  const answers = await Promise.all([1, 2, 3, 4].map(push))
  const taken = [201, expect.stringContaining('request_uri')]
  expect(answers).toEqual([taken, taken, taken, taken])
  expect(site.asked.toSorted()).toEqual([client.id, client.keysUrl])
})

test('the name of an app cannot bring a script into the page', async () => {
  const name = '</script><script>alert(1)</script>'
  const client = await publish()
  site.pages[client.id] = jsonPage({ ...client.metadata, client_name: name })
  const page = await new ProviderSession().open(await client.authorizeUrl())
  expect(page.status).toBe(200)
  const html = await page.text()
  expect(html).toContain('alert(1)')
  expect(html).not.toMatch(/<script>alert/i)
  expect(page.headers.get('content-security-policy')).not.toMatch(/script-src[^;]*unsafe-inline/)
})

test('a permission set that only the tree has is granted, and comes to its permissions', async () => {
  const nsid = 'org.example.notes.auth'
  // As codegen writes it; the lexicons imported so far include no permission set.
  const tree = schemas as Record<string, (typeof schemas)[string]>
  tree[nsid] = () => ({
    lexicon: 1,
    id: nsid,
    defs: {
      main: {
        type: 'permission-set',
        title: 'All your notes',
        permissions: ['org.example.notes.note', 'com.example.other'].map((collection) => ({
          type: 'permission',
          resource: 'repo',
          collection: [collection],
        })),
      },
    },
  })
  try {
    const { did } = await makeAccount()
    const client = await publish(`atproto include:${nsid}`)
    const browser = new ProviderSession()
    const page = await browser.open(await client.authorizeUrl())
    expect(await page.text()).toContain('All your notes')
    const answer = await browser.consent(did, PASSWORD)
    const traded = await client.trade(answer.searchParams.get('code') ?? '')
    const tokens = (await traded.json()) as Tokens
    expect(tokens.scope.split(' ').sort()).toEqual(['atproto', 'repo:org.example.notes.note'])
    const create = (name: string) =>
      client.call(tokens.access_token, '/xrpc/com.atproto.repo.createRecord', {
        repo: did,
        collection: name,
        record: { text: 'x' },
      })
    expect((await create('org.example.notes.note')).status).toBe(200)
    expect((await create('com.example.other')).status).toBe(403)
  } finally {
    delete tree[nsid]
  }
})
