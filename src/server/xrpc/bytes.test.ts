/** Inputs and answers of bytes. */
import { beforeAll, expect, test } from 'vitest'
import { send } from '../../testing/host.ts'
import { useMethods } from '../../testing/own-methods.ts'
import { anyone } from '../auth/policy.ts'
import { bytes, readBytes } from './bytes.ts'
import { definer, type MethodShape } from './define.ts'

const MB = 1024 * 1024
const SIZE = 50 * MB

interface Download extends MethodShape {
  kind: 'query'
  params: { length?: number; max?: number }
  input: undefined
  output: undefined
  outputEncoding: `image/${string}`
}
const define = definer<Download>()

/** Pieces that were made and not yet asked for by anybody, at most. */
let made = 0

function source(): ReadableStream<Uint8Array> {
  made = 0
  return new ReadableStream(
    {
      pull(controller) {
        if (made * MB === SIZE) return controller.close()
        made++
        controller.enqueue(new Uint8Array(MB))
      },
    },
    { highWaterMark: 0 },
  )
}

const download = define({
  auth: anyone,
  handler: ({ params: { length, max } }) => bytes(source(), { encoding: 'image/png', length, max }),
})

test.skip('the compiler refuses another type of bytes, and bytes where JSON is due', () => [
  // @ts-expect-error no image
  define({ auth: anyone, handler: () => bytes(new Uint8Array(1), { encoding: 'text/plain' }) }),
  definer<Download & { output: object; outputEncoding: undefined }>()({
    auth: anyone,
    // @ts-expect-error JSON
    handler: () => bytes(new Uint8Array(1), { encoding: 'image/png' }),
  }),
])

const integer = { type: 'integer' }
beforeAll(() =>
  useMethods({
    'com.example.cook.download': {
      defs: {
        main: {
          type: 'query',
          parameters: { type: 'params', properties: { length: integer, max: integer } },
          output: { encoding: 'image/*' },
        },
      },
      definition: download,
    },
    'com.example.cook.upload': {
      defs: {
        main: { type: 'procedure', input: { encoding: '*/*' }, output: { encoding: '*/*' } },
      },
      definition: {
        auth: anyone,
        inputLimit: SIZE,
        async handler({ input, request }: { input: ReadableStream<Uint8Array>; request: Request }) {
          if (request.headers.has('x-whole')) await readBytes(input, 10)
          let size = 0
          for await (const piece of input) size += piece.byteLength
          return bytes(new TextEncoder().encode(String(size)), { encoding: 'text/plain' })
        },
      },
    },
  }),
)

const get = (query = '') => send(`/xrpc/com.example.cook.download?${query}`)

test('a stream of 50 MB comes piece by piece: no more is made than the reader has asked for', async () => {
  const response = await get(`length=${SIZE}`)
  expect(response.headers.get('content-type')).toBe('image/png')
  let received = 0
  let ahead = 0
  for await (const piece of response.body as ReadableStream<Uint8Array>) {
    received += piece.byteLength
    ahead = Math.max(ahead, made * MB - received)
  }
  expect(received).toBe(SIZE)
  expect(ahead).toBeLessThan(3 * MB)
})

test.each(['max=2000000', `length=${2 * SIZE}`, 'length=1000'])(
  'a stream that is not what was said of it breaks off: %s',
  async (query) => {
    const response = await get(query)
    await expect(response.arrayBuffer()).rejects.toThrow()
  },
)

test('an input of 50 MB is read piece by piece, and one byte more is refused', async () => {
  const upload = (length: number, headers: HeadersInit = {}) => {
    const { readable, writable } = new FixedLengthStream(length)
    const writer = writable.getWriter()
    const write = async () => {
      for (let left = length; left > 0; left -= MB) {
        await writer.write(new Uint8Array(Math.min(left, MB)))
      }
      await writer.close()
    }
    write().catch(() => {})
    return send('/xrpc/com.example.cook.upload', {
      ...{ method: 'POST', body: readable },
      headers: { 'content-type': 'application/octet-stream', ...headers },
    })
  }
  expect(await (await upload(SIZE)).text()).toBe(String(SIZE))
  expect((await upload(SIZE + 1)).status).toBe(413)
  expect((await upload(11, { 'x-whole': '1' })).status).toBe(413)
})
