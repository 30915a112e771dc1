import { describe, expect, test } from 'vitest'
import { boundedFetch, type Fetch, guardedFetch, readJson, readText } from './guarded-fetch.ts'

const LIMITS = { timeout: 10_000, maxBytes: 100, reachPrivate: false }

/** Where nothing is to come in time. */
const SHORT = 50

/** A stand-in for the network that answers by URL and remembers what it was asked. */
function network(answers: Record<string, () => Response | Promise<Response>>) {
  const asked: string[] = []
  const fetch: Fetch = async (url) => {
    asked.push(url)
    const answer = answers[url]
    if (!answer) throw new TypeError('connection refused')
    return answer()
  }
  return { fetch, asked }
}

const serving = (answer: () => Response | Promise<Response>, timeout = LIMITS.timeout) => {
  const { fetch } = network({ 'https://a.example.com/': answer })
  return () => guardedFetch('https://a.example.com/', { ...LIMITS, timeout, fetch })
}

const failure = (kind: string, status?: number) =>
  expect.objectContaining({ name: 'NetworkError', kind, ...(status && { status }) })

/** A body that goes on for as long as somebody reads. */
const endless = () =>
  new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(10)),
  })

const silent = () => new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) })

const redirect = (location: string) => () =>
  new Response(null, { status: 302, headers: { location } })

describe('a guarded request', () => {
  test('gives the answer of a public address', async () => {
    const response = await serving(() => Response.json({ a: 1 }))()
    expect(await readJson(response)).toEqual({ a: 1 })
  })

  test('is not sent to an address that is refused', async () => {
    const { fetch, asked } = network({})
    const sent = guardedFetch('https://127.0.0.1/', { ...LIMITS, fetch })
    await expect(sent).rejects.toThrow(failure('refused-address'))
    expect(asked).toEqual([])
  })

  test('fails when no headers come in time', async () => {
    const send = serving(() => new Promise(() => {}), SHORT)
    await expect(send()).rejects.toThrow(failure('timeout'))
  })

  test('fails when the body does not come in time', async () => {
    const read = serving(() => new Response(silent()), SHORT)().then(readText)
    await expect(read).rejects.toThrow(failure('timeout'))
  })

  test('fails when the body has no end', async () => {
    const response = await serving(() => new Response(endless()))()
    await expect(readText(response)).rejects.toThrow(failure('too-large'))
  })

  test('fails at once when the body is announced as too large', async () => {
    const send = serving(
      () => new Response(endless(), { headers: { 'content-length': '1000000' } }),
    )
    await expect(send()).rejects.toThrow(failure('too-large'))
  })

  test('takes a body that is just as large as allowed', async () => {
    const response = await serving(() => new Response('x'.repeat(100)))()
    expect(await readText(response)).toHaveLength(100)
  })

  test('fails when the host cannot be reached', async () => {
    const { fetch } = network({})
    const sent = guardedFetch('https://a.example.com/', { ...LIMITS, fetch })
    await expect(sent).rejects.toThrow(failure('unreachable'))
  })

  test('tells other statuses and other kinds of body when they are read', async () => {
    const missing = await serving(() => new Response('gone', { status: 404 }))()
    await expect(readText(missing)).rejects.toThrow(failure('status', 404))
    const page = await serving(() => new Response('<html>'))()
    await expect(readJson(page)).rejects.toThrow(failure('malformed'))
  })

  test('ends with the reason of whoever stops it', async () => {
    const stop = new AbortController()
    const { fetch } = network({ 'https://a.example.com/': () => new Promise(() => {}) })
    const sent = guardedFetch('https://a.example.com/', { ...LIMITS, fetch, signal: stop.signal })
    stop.abort()
    await expect(sent).rejects.toThrow(failure('unreachable'))
  })
})

describe('a redirect', () => {
  const hops = {
    'https://a.example.com/': redirect('https://b.example.com/x'),
    'https://b.example.com/x': redirect('/y'),
    'https://b.example.com/y': () => new Response('there'),
  }

  test('is an error unless the caller follows redirects', async () => {
    const { fetch, asked } = network(hops)
    const sent = guardedFetch('https://a.example.com/', { ...LIMITS, fetch })
    await expect(sent).rejects.toThrow(failure('redirect', 302))
    await expect(boundedFetch('https://a.example.com/', { ...LIMITS, fetch })).rejects.toThrow(
      failure('redirect', 302),
    )
    expect(asked).toHaveLength(2)
  })

  test('is followed as often as the caller allows', async () => {
    const { fetch } = network(hops)
    const options = { ...LIMITS, fetch }
    const followed = await guardedFetch('https://a.example.com/', { ...options, redirects: 2 })
    expect(await readText(followed)).toBe('there')
    await expect(
      guardedFetch('https://a.example.com/', { ...options, redirects: 1 }),
    ).rejects.toThrow(failure('redirect'))
  })

  test.each(['https://127.0.0.1/', 'http://b.example.com/', 'https://a@b.example.com/'])(
    'does not lead to a refused address: %s',
    async (location) => {
      const { fetch, asked } = network({ 'https://a.example.com/': redirect(location) })
      const sent = guardedFetch('https://a.example.com/', { ...LIMITS, fetch, redirects: 3 })
      await expect(sent).rejects.toThrow(failure('refused-address'))
      expect(asked).toHaveLength(1)
    },
  )
})
