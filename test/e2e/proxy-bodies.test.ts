/** Bodies that are forwarded, both ways: as streams, as they are, within limits. */
import { createHash, randomBytes } from 'node:crypto'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { ReadableStream } from 'node:stream/web'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BROTLI, GZIPPED, PLAIN } from '../support/malformed-responses.ts'
import { type ProxyHost, startProxyHost } from '../support/proxy.ts'

const LIMIT = 3_000_000

let host: ProxyHost

beforeAll(async () => {
  host = await startProxyHost(() => ({
    PDS_PROXY_ROUTES: 'com.example.*=appview',
    PDS_PROXY_HEADERS_TIMEOUT: '700',
    PDS_PROXY_BODY_TIMEOUT: '700',
    PDS_PROXY_MAX_RESPONSE_SIZE: String(LIMIT),
  }))
})

afterAll(async () => {
  await host?.stop()
})

const errorOf = async (response: Response) => ({
  status: response.status,
  ...((await response.json()) as { error: string; message: string }),
})

/** The answer's bytes as they are on the wire, which `fetch` would decompress. */
async function raw(path: string, headers: Record<string, string>) {
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const authorization = `Bearer ${host.agent.session?.accessJwt}`
    httpRequest(`${host.server.origin}/xrpc/${path}`, { headers: { ...headers, authorization } })
      .on('response', resolve)
      .on('error', reject)
      .end()
  })
  const pieces: Buffer[] = []
  for await (const piece of message) pieces.push(piece as Buffer)
  return { headers: message.headers, body: Buffer.concat(pieces) }
}

describe('an answer', () => {
  test.each([
    ['gzip', GZIPPED],
    ['br', BROTLI],
  ])('that is compressed stays byte for byte as it is: %s', async (encoding, bytes) => {
    const { headers, body } = await raw('com.example.compressed', { 'accept-encoding': encoding })
    expect(headers['content-encoding']).toBe(encoding)
    expect(headers['content-length']).toBe(String(bytes.byteLength))
    expect(body.equals(bytes)).toBe(true)
  })

  test.each([
    ...['text/html', 'application/xhtml+xml', 'image/svg+xml', 'text/xml', 'text/javascript'],
    ...['application/pdf', 'multipart/x-mixed-replace', 'nonsense'],
  ])('that a browser might show or run has no rights here: %s', async (type) => {
    const { headers, body } = await raw(`com.example.page?type=${encodeURIComponent(type)}`, {})
    expect(body.toString()).toContain('<script>')
    expect(headers).toMatchObject({
      'content-type': type,
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    })
  })

  test('is not compressed for a client that did not ask for it', async () => {
    const { headers, body } = await raw('com.example.compressed', {})
    expect(headers['content-encoding']).toBeUndefined()
    expect(body.toString()).toBe(PLAIN)
  })

  test.each(['', '&chunked'])('is passed on up to the limit%s', async (chunked) => {
    const response = await host.call(`com.example.large?size=${LIMIT}${chunked}`)
    expect(response.headers.get('content-length')).toBe(chunked ? null : String(LIMIT))
    expect((await response.arrayBuffer()).byteLength).toBe(LIMIT)
  })

  test('that says it is larger is refused at once', async () => {
    const response = await host.call(`com.example.large?size=${LIMIT + 1}`)
    expect(await errorOf(response)).toMatchObject({ status: 502, error: 'UpstreamFailure' })
  })

  test('that does not say so is broken off', async () => {
    const response = await host.call(`com.example.large?size=${10 * LIMIT}&chunked`)
    expect(response.status).toBe(200)
    await expect(response.arrayBuffer()).rejects.toThrow()
  })

  test('that is broken off arrives broken off', async () => {
    const response = await host.call('com.example.broken?size=1000000')
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow()
  })

  test('of one piece that is broken off or stops coming is an error', async () => {
    const broken = await host.call('com.example.broken?size=1000')
    expect(await errorOf(broken)).toMatchObject({ status: 502, error: 'UpstreamFailure' })
    const stalled = await host.call('com.example.stalled?size=1000')
    expect(await errorOf(stalled)).toMatchObject({ status: 504, error: 'UpstreamTimeout' })
  })

  test('that does not begin in time is a timeout', async () => {
    const response = await host.call('com.example.silent')
    expect(await errorOf(response)).toMatchObject({ status: 504, error: 'UpstreamTimeout' })
  })

  test('that stops coming is broken off', async () => {
    const response = await host.call('com.example.stalled')
    const reader = response.body?.getReader()
    const { value } = (await reader?.read()) ?? {}
    expect(Buffer.from(value ?? []).toString()).toBe('a beginning')
    await expect(reader?.read()).rejects.toThrow()
  })

  test('may take as long as it likes while it goes on coming', async () => {
    const response = await host.call('com.example.slow?pieces=12')
    expect(await response.text()).toBe('.'.repeat(12))
  })

  test('that leads elsewhere is not followed', async () => {
    const to = encodeURIComponent(`${host.appview.url}/xrpc/com.example.echo`)
    const response = await host.call(`com.example.redirect?to=${to}`, { redirect: 'manual' })
    expect(await errorOf(response)).toMatchObject({ status: 502, error: 'UpstreamFailure' })
    expect(response.headers.has('location')).toBe(false)
  })
})

describe('an error of the service', () => {
  const error = (query: Record<string, string>) =>
    host.call(`com.example.error?${new URLSearchParams(query)}`)
  const body = JSON.stringify({ error: 'TooMuch', message: 'of everything', secret: 'x' })

  test.each(['identity', 'gzip', 'br'])(
    'keeps its status, name and message (%s)',
    async (encoding) => {
      const response = await error({
        status: '429',
        body,
        ...(encoding !== 'identity' && { encoding }),
      })
      expect(response.headers.get('retry-after')).toBe('17')
      expect(response.headers.has('x-secret')).toBe(false)
      expect(await errorOf(response)).toEqual({
        status: 429,
        error: 'TooMuch',
        message: 'of everything',
      })
    },
  )

  test('of its own making is one of the way there', async () => {
    expect(await errorOf(await error({ status: '500', body }))).toMatchObject({
      status: 502,
      error: 'TooMuch',
    })
  })

  test.each([
    ['404', { body: '<h1>not here</h1>', type: 'text/html' }, 'XRPCNotSupported'],
    ['401', { body: 'not JSON' }, 'AuthenticationRequired'],
    ['503', { body: '["odd"]' }, 'NotEnoughResources'],
    ['400', { body, padding: '100000' }, 'InvalidRequest'],
  ])('that is none of XRPC gets the name of its status: %s', async (status, query, name) => {
    const told = await errorOf(await error({ status, ...(query as Record<string, string>) }))
    expect(told).toMatchObject({ status: Number(status), error: name })
  })
})

describe('a request that the service hangs up on', () => {
  test('is sent once more, with a new token, when it only reads', async () => {
    const response = await host.call(`com.example.hangUp?times=1&id=${Math.random()}`)
    expect(await response.json()).toEqual({ count: 2, tokens: 2 })
  })

  test('is a failure when that did not help', async () => {
    const response = await host.call(`com.example.hangUp?times=2&id=${Math.random()}`)
    expect(await errorOf(response)).toEqual({
      status: 502,
      error: 'UpstreamFailure',
      message: 'Upstream service unreachable',
    })
  })

  test('is not sent again when it may have changed something', async () => {
    const path = `com.example.hangUp?times=1&id=${Math.random()}`
    const first = await host.call(path, { method: 'POST', body: 'x' })
    expect(await errorOf(first)).toMatchObject({ status: 502, error: 'UpstreamFailure' })
    const second = await host.call(path, { method: 'POST', body: 'x' })
    expect(await second.json()).toMatchObject({ count: 2 })
  })
})

describe('an upload', () => {
  const bytes = randomBytes(50_000_000)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const echo = async (init: RequestInit) =>
    (await (await host.call('com.example.echo', { method: 'POST', ...init })).json()) as {
      bytes: number
      sha256: string
      headers: Record<string, string>
    }

  test('of 50 MB arrives as it was sent, with its length', async () => {
    const got = await echo({ body: bytes, headers: { 'content-type': 'video/mp4' } })
    expect(got).toMatchObject({ bytes: bytes.byteLength, sha256 })
    expect(got.headers).toMatchObject({
      'content-type': 'video/mp4',
      'content-length': String(bytes.byteLength),
    })
  })

  test('of unknown length, compressed and slower than answers may be, arrives as it was sent', async () => {
    async function* slowly() {
      for (const piece of [
        GZIPPED.subarray(0, 10),
        GZIPPED.subarray(10, 20),
        GZIPPED.subarray(20),
      ]) {
        yield piece
        await sleep(400)
      }
    }
    const got = await echo({
      body: ReadableStream.from(slowly()) as never,
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      duplex: 'half',
    } as RequestInit)
    expect(got).toMatchObject({
      bytes: GZIPPED.byteLength,
      sha256: createHash('sha256').update(GZIPPED).digest('hex'),
      headers: { 'content-encoding': 'gzip', 'transfer-encoding': 'chunked' },
    })
  })
})

test('a service that is away is a failure of the way there', async () => {
  const did = await host.register({ svc: 'http://localhost:9' })
  const response = await host.call('com.example.echo', {
    headers: { 'atproto-proxy': `${did}#svc` },
  })
  expect(await errorOf(response)).toEqual({
    status: 502,
    error: 'UpstreamFailure',
    message: 'Upstream service unreachable',
  })
})
