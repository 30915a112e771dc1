import { expect, onTestFinished, test, vi } from 'vitest'
import { ImportFile, SMALL } from './import-file.ts'

/** Bytes that differ by where they are. */
const file = (size: number) => new Uint8Array(size).map((_, at) => at ^ (at >> 8) ^ (at >> 16))

const receive = (size: number) => ImportFile.receive(new Blob([file(size)]).stream())

const isRead = async (received: ImportFile, size: number) => {
  const bytes = new Uint8Array(await new Response(received.stream()).arrayBuffer())
  expect(Buffer.compare(bytes, file(size))).toBe(0)
}

test('a small file can be read again, and a large one once', async () => {
  for (const size of [0, 1, SMALL]) {
    const received = await receive(size)
    expect(received.isWhole).toBe(true)
    await isRead(received, size)
    await isRead(received, size)
    received.release()
  }
  const received = await receive(SMALL + 1_000_000)
  expect(received.isWhole).toBe(false)
  await isRead(received, SMALL + 1_000_000)
  received.release()
})

test('no more than three are in memory at once, and others come as they are', async () => {
  const held = [await receive(1), await receive(2), await receive(SMALL * 2)]
  const further = await receive(3)
  expect(further.isWhole).toBe(false)
  await isRead(further, 3)
  for (const one of [...held, further]) one.release()
  const next = await receive(4)
  expect(next.isWhole).toBe(true)
  next.release()
})

test('a small one that comes slowly is not held in memory, takes no place, and is read as it comes', async () => {
  const chunks: Promise<Uint8Array | undefined>[] = [
    Promise.resolve(file(600_000).slice(0, 300_000)),
  ]
  const { promise, resolve } = Promise.withResolvers<Uint8Array>()
  chunks.push(promise, Promise.resolve(undefined))
  const source: UnderlyingByteSource = {
    type: 'bytes',
    async pull(controller) {
      const chunk = await chunks.shift()
      if (chunk) controller.enqueue(chunk)
      else {
        controller.close()
        controller.byobRequest?.respond(0)
      }
    },
  }
  const stream = new ReadableStream(source as unknown as UnderlyingSource<Uint8Array>)
  const received = await ImportFile.receive(stream, 20)
  expect(received.isWhole).toBe(false)
  const others = [await receive(1), await receive(2), await receive(3)]
  expect(others.map(({ isWhole }) => isWhole)).toEqual([true, true, true])
  resolve(file(600_000).slice(300_000))
  await isRead(received, 600_000)
  for (const one of [received, ...others]) one.release()
})

test('places of objects that were reset are free again after ten minutes', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  for (const size of [1, 2, 3]) expect((await receive(size)).isWhole).toBe(true)
  vi.setSystemTime(Date.now() + 599_000)
  expect((await receive(4)).isWhole).toBe(false)
  vi.setSystemTime(Date.now() + 1_000)
  const next = await receive(5)
  expect(next.isWhole).toBe(true)
  next.release()
})

test('a stream that breaks is an error, whenever it does, and takes no place', async () => {
  const broken = (before: number) => {
    const chunks = [file(before)]
    const source: UnderlyingByteSource = {
      type: 'bytes',
      pull(controller) {
        const chunk = chunks.pop()
        if (chunk) controller.enqueue(chunk)
        else controller.error(new Error('the client went away'))
      },
    }
    // The types of the platform have no constructor for byte sources.
    return new ReadableStream(source as unknown as UnderlyingSource<Uint8Array>)
  }
  for (let n = 0; n < 4; n++) {
    await expect(ImportFile.receive(broken(10))).rejects.toThrow('the client went away')
  }
  const received = await ImportFile.receive(broken(SMALL + 1_000_000))
  await expect(new Response(received.stream()).arrayBuffer()).rejects.toThrow()
  received.release()
})
