/** What becomes of connections whose consumers do not read. */
import { describe, expect, test, vi } from 'vitest'
import type { Logger } from '../../kernel/log.ts'
import { standIn } from '../../testing/stand-in.ts'
import { ClosingConnections } from './closing.ts'
import { UnreadBytes } from './unread.ts'

const GRACE = 20

function closingOf(unread: UnreadBytes) {
  const waiting: Promise<unknown>[] = []
  const abort = vi.fn()
  const ctx = standIn<DurableObjectState>({
    waitUntil: (work) => void waiting.push(work),
    abort,
  })
  const log = standIn<Logger>({ info: () => undefined })
  const closing = new ClosingConnections(ctx, unread, () => log, GRACE)
  return { closing, abort, settled: () => Promise.all(waiting) }
}

const socket = () => standIn<WebSocket>({})

describe('a connection that was closed', () => {
  test('gives its bytes back when it has ended in time, and nothing else happens', async () => {
    const unread = new UnreadBytes(100)
    const { closing, abort, settled } = closingOf(unread)
    const one = socket()
    unread.add(80)
    closing.add(one, { id: 'one', sent: 80 })
    const ended = closing.untilEnded('one')
    expect(unread.has(30)).toBe(false)
    closing.remove(one)
    expect(unread.has(100)).toBe(true)
    // Plain workerd keeps the connection otherwise.
    expect(await ended).toBe(true)
    await settled()
    expect(abort).not.toHaveBeenCalled()
  })

  test('is broken off by the request that opened it when it has not ended in time', async () => {
    const unread = new UnreadBytes(100)
    const { closing, abort, settled } = closingOf(unread)
    const one = socket()
    unread.add(40)
    closing.add(one, { id: 'one', sent: 40 })
    expect(await closing.untilEnded('one')).toBe(true)
    // Whoever asks later is told at once.
    expect(await closing.untilEnded('one')).toBe(true)
    closing.remove(one)
    await settled()
    expect(abort).not.toHaveBeenCalled()
  })

  test('ends with the object where nobody can break it off and it holds half of the room', async () => {
    for (const [sent, isReset] of [
      [49, false],
      [50, true],
    ] as const) {
      const unread = new UnreadBytes(100)
      const { closing, abort, settled } = closingOf(unread)
      unread.add(sent)
      closing.add(socket(), { id: 'one', sent })
      await settled()
      expect(abort).toHaveBeenCalledTimes(isReset ? 1 : 0)
    }
  })
})

describe('room for bytes that are not known to be read', () => {
  test('is given first to who has none, then in the order in which it was asked for', async () => {
    const unread = new UnreadBytes(100)
    expect(unread.take(100)).toBe(true)
    const got: string[] = []
    const waitFor = async (name: string, isNew: boolean) => {
      if (await unread.waitFor(50, isNew, 1000)) got.push(name)
    }
    const all = [waitFor('a', false), waitFor('b', false), waitFor('new', true)]
    expect(unread.take(1)).toBe(false)
    unread.giveBack(50)
    await all[2]
    expect(got).toEqual(['new'])
    unread.giveBack(100)
    await Promise.all(all)
    expect(got).toEqual(['new', 'a', 'b'])
  })

  test('is not waited for longer than one wants to', async () => {
    const unread = new UnreadBytes(100)
    unread.take(100)
    expect(await unread.waitFor(50, false, 10)).toBe(false)
    unread.giveBack(100)
    expect(unread.has(100)).toBe(true)
  })

  test('is there for what is larger than all of it, when there is nothing else', () => {
    const unread = new UnreadBytes(100)
    expect(unread.take(500)).toBe(true)
    expect(unread.take(1)).toBe(false)
    unread.giveBack(500)
    expect(unread.take(1)).toBe(true)
  })
})
