/** Bodies that a handler takes as a stream, and does not count itself. */
import { gzipSync } from 'node:zlib'
import { Lexicons } from '@atproto/lexicon'
import { expect, test } from 'vitest'
import { parseBody } from './body.ts'

const NSID = 'com.example.upload'
const MAX = 100_000
const input = { encoding: '*/*' }

const lexicons = new Lexicons([
  { lexicon: 1, id: NSID, defs: { main: { type: 'procedure', input } } },
])

/** The bytes that arrive of a body. */
async function take(body: BodyInit, encoding?: string): Promise<number> {
  const headers = {
    'content-type': 'application/octet-stream',
    ...(encoding !== undefined && { 'content-encoding': encoding }),
  }
  const request = new Request('http://localhost/', { method: 'POST', headers, body })
  const limit = { max: MAX, counted: true, plain: false }
  const parsed = await parseBody(lexicons, NSID, input, request, limit)
  const bytes = await new Response(parsed.body as ReadableStream).arrayBuffer()
  return bytes.byteLength
}

/** Without a length. */
const streamed = (size: number) => new Blob([new Uint8Array(size)]).stream()
const zipped = (size: number) => new Uint8Array(gzipSync(new Uint8Array(size)))

test.each<[string, (size: number) => BodyInit, string | undefined]>([
  ['plain', streamed, undefined],
  ['said to be plain', streamed, 'identity'],
  ['compressed', zipped, 'gzip'],
])('%s: as much as it may arrives, more does not', async (_, bodyOf, encoding) => {
  expect(await take(bodyOf(MAX), encoding)).toBe(MAX)
  await expect(take(bodyOf(MAX + 1), encoding)).rejects.toMatchObject({ statusCode: 413 })
})
