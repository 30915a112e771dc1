import { expect, onTestFinished, test, vi } from 'vitest'
import { DiskSpace } from './disk-space.ts'

const MiB = 1024 * 1024

/** A disk whose service answers so. */
function diskOf(answer: () => Response | Promise<Response>) {
  const asked: unknown[] = []
  const service = {
    async fetch(...request: unknown[]) {
      asked.push(request)
      return answer()
    },
  }
  return { space: new DiskSpace({ DISK_SPACE: service as unknown as Fetcher }), asked }
}

test.each([
  [100 * MiB, false],
  [16 * MiB, false],
  [16 * MiB - 1, true],
  [0, true],
])('with %i bytes left, that it is full is %s', async (free, expected) => {
  const { space } = diskOf(() => new Response(String(free)))
  expect(await space.isFull()).toBe(expected)
})

test('where it is full, what would grow is refused with a name of its own', async () => {
  const { space } = diskOf(() => new Response('0'))
  await expect(space.assertRoom()).rejects.toMatchObject({
    statusCode: 507,
    error: 'InsufficientStorage',
  })
})

test.each<[string, () => Response | Promise<Response>]>([
  ['fails', () => Promise.reject(new Error('gone'))],
  ['refuses', () => new Response('0', { status: 500 })],
  ['talks nonsense', () => new Response('nothing')],
  ['says nothing', () => new Response('')],
])('a service that %s stops nobody from writing', async (_, answer) => {
  await diskOf(answer).space.assertRoom()
})

test('nor is there anything to be full on Cloudflare', async () => {
  await new DiskSpace({}).assertRoom()
})

test('many who ask at once are one question', async () => {
  const { space, asked } = diskOf(() => new Response('0'))
  await Promise.all(Array.from({ length: 20 }, () => space.isFull()))
  expect(await space.isFull()).toBe(true)
  expect(asked).toHaveLength(1)
})

test('that it is full is not believed for longer where the clock is put back', async () => {
  let free = 0
  const { space } = diskOf(() => new Response(String(free)))
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  expect(await space.isFull()).toBe(true)
  free = 100 * MiB
  vi.setSystemTime(Date.now() - 3_600_000)
  expect(await space.isFull()).toBe(false)
})
