import { expect, test } from 'vitest'
import { FairQueue } from './fair-queue.ts'

const limits = { atOnce: 1, waiting: 4, maxWait: 60_000 }

/** A queue, what has begun in it, and an end for each that has. */
function watched(queue: FairQueue) {
  const begun: string[] = []
  const ends: (() => void)[] = []
  const add = (key: string, name: string, signal?: AbortSignal) =>
    queue
      .run(
        key,
        () =>
          new Promise<void>((resolve) => {
            begun.push(name)
            ends.push(resolve)
          }),
        signal,
      )
      .then(
        () => `${name} done`,
        (error: Error) => `${name} ${error.name}`,
      )
  /** Ends what is worked on until nothing is. */
  const drain = async () => {
    for (let at = 0; at < ends.length; at++) {
      ends[at]?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { begun, add, drain }
}

test('keys take turns, whatever each of them has waiting', async () => {
  const { begun, add, drain } = watched(new FairQueue(limits))
  const all = [add('a', 'a1'), add('a', 'a2'), add('a', 'a3'), add('a', 'a4'), add('b', 'b1')]
  await drain()
  expect(begun).toEqual(['a1', 'a2', 'b1', 'a3', 'a4'])
  expect(await Promise.all(all)).toHaveLength(5)
})

test('one key that has filled the queue makes room for others, not for itself', async () => {
  const { begun, add, drain } = watched(new FairQueue(limits))
  const all = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6'].map((name) => add('a', name))
  all.push(add('b', 'b1'), add('c', 'c1'), add('d', 'd1'))
  expect(await all[5]).toBe('a6 QueueFullError')
  await drain()
  const refused = (await Promise.all(all)).filter((result) => result.endsWith('QueueFullError'))
  expect(refused.map((result) => result.slice(0, 2))).toEqual(['a3', 'a4', 'a5', 'a6'])
  expect(begun).toEqual(['a1', 'a2', 'b1', 'c1', 'd1'])
})

test('who waits for too long, or is gone, leaves the queue', async () => {
  const { begun, add, drain } = watched(new FairQueue({ ...limits, maxWait: 50 }))
  const gone = new AbortController()
  const all = [add('a', 'a1'), add('a', 'a2', gone.signal), add('b', 'b1')]
  gone.abort()
  expect(await Promise.all(all.slice(1))).toEqual(['a2 QueueFullError', 'b1 QueueFullError'])
  const next = add('c', 'c1')
  await drain()
  expect(begun).toEqual(['a1', 'c1'])
  expect(await next).toBe('c1 done')
})
