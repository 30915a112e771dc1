/** What a few bytes unfold to is bounded while it comes, and not only when it is read. */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { XRPCError } from '@atproto/xrpc-server'
import { expect, test } from 'vitest'
import { decodeBody } from './decode-body.ts'

const MiB = 1024 * 1024
const tooLarge = new XRPCError(413, 'too large', 'PayloadTooLarge')

function decode(body: Uint8Array<ArrayBuffer>, encoding: string, max: number) {
  const headers = { 'content-encoding': encoding }
  const request = new Request('http://localhost/', { method: 'POST', headers, body })
  return decodeBody(request, { max, plain: false }, () => tooLarge)
}

const zeros = (size: number) => new Uint8Array(brotliCompressSync(new Uint8Array(size)))

test('as much as it may', async () => {
  const stream = decode(zeros(10 * MiB), 'br', 10 * MiB)
  expect((await new Response(stream).arrayBuffer()).byteLength).toBe(10 * MiB)
})

test.each([
  ['br', zeros(2 * MiB)],
  ['gzip', new Uint8Array(gzipSync(new Uint8Array(2 * MiB)))],
  ['deflate', new Uint8Array(deflateSync(new Uint8Array(2 * MiB)))],
  ['br, br', new Uint8Array(brotliCompressSync(zeros(2 * MiB)))],
  ['br, gzip', new Uint8Array(gzipSync(zeros(2 * MiB)))],
])('more than it may fails: %s', async (encoding, body) => {
  await expect(new Response(decode(body, encoding, MiB)).arrayBuffer()).rejects.toBe(tooLarge)
})

test('much at once fails however much it may be in all', async () => {
  const reader = decode(zeros(64 * MiB), 'br', 100 * MiB).getReader()
  let read = 0
  const all = async () => {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      read += piece.value.byteLength
    }
  }
  await expect(all()).rejects.toBe(tooLarge)
  expect(read).toBeLessThan(17 * MiB)
})
