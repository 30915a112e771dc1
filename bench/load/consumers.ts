/** Consumers of the firehose that know when everything arrived. */
import { on, once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cleanup } from '../cleanup.ts'
import { end, startNode } from '../servers/process.ts'

/** Milliseconds of a clock that is the same in all processes of this machine. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6

/** What has arrived; times as `now()` gives them. */
export interface Arrivals {
  /** When each message, in their order, was at the last consumer that has it. */
  last: number[]
  /** All consumers together. */
  messages: number
  bytes: number
  /** Messages at the consumer that has the fewest. */
  fewest: number
  /** When the consumers began to connect. */
  started: number
  /** When the newest bytes came. */
  newest: number
}

/** Milliseconds for everything to arrive. */
const TIMEOUT = 20_000
const REPLAY_TIMEOUT = 120_000
/** Milliseconds of silence after which everything has arrived. */
const SILENCE = 1500

/** Connects consumers in a process of their own; with `cursor`, for what came after it. */
export async function openConsumers(origin: string, count: number, cleanup: Cleanup, cursor = '') {
  const main = join(import.meta.dirname, 'consumers-main.ts')
  const env = { ORIGIN: origin, COUNT: String(count), CURSOR: cursor }
  const { process: child } = await startNode(process.execPath, main, env)
  cleanup.add(() => end(child))

  const gone = once(child, 'exit').then(() => Promise.reject(new Error('the consumers ended')))
  // It is told of by whoever asks them.
  gone.catch(() => undefined)
  const ask = async (what: 'report' | 'reset'): Promise<Arrivals> => {
    const answer = once(child, 'message')
    child.send(what)
    return (await Promise.race([answer, gone]))[0]
  }
  const reportWhen = async (done: (arrivals: Arrivals) => boolean): Promise<Arrivals> => {
    for (;;) {
      const arrivals = await ask('report')
      if (done(arrivals)) return arrivals
      await sleep(20)
    }
  }
  return {
    /** Forgets what has arrived so far. */
    reset: () => ask('reset'),
    /** Waits until each consumer has so many messages. @throws Error when it has not, or more */
    withAll(messages: number): Promise<Arrivals> {
      const deadline = now() + TIMEOUT
      return reportWhen(({ fewest, messages: all }) => {
        if (now() < deadline && all <= messages * count) return fewest === messages
        throw new Error(`${all} messages came of ${messages} events to ${count} consumers`)
      })
    },
    /** Waits until each consumer has so many messages and nothing more comes. @throws Error when they do not come */
    untilSilent(least = 0): Promise<Arrivals> {
      const deadline = now() + REPLAY_TIMEOUT
      return reportWhen(({ newest, started, fewest }) => {
        if (now() > deadline) throw new Error(`${fewest} messages came of ${least} and more`)
        return fewest >= least && now() - Math.max(newest, started) > SILENCE
      })
    },
    close: () => end(child),
  }
}

export type Firehose = Awaited<ReturnType<typeof openFirehose>>

/** Connects one consumer in this process, which knows when the frame of a commit arrived. */
export async function openFirehose(origin: string) {
  const url = `${origin.replace('http', 'ws')}/xrpc/com.atproto.sync.subscribeRepos`
  const socket = new WebSocket(url)
  socket.binaryType = 'arraybuffer'
  const frames = on(socket, 'message', { close: ['close'] })
  const closed = once(socket, 'close').then(() => Promise.reject(new Error('no firehose')))
  await Promise.race([once(socket, 'open'), closed])
  return {
    /**
     * Time at which the commit with that rev arrived; frames before it are dropped. Tells frames by
     * the rev in their bytes: decoding would take time of the client.
     */
    async arrival(rev: string): Promise<number> {
      const timer = setTimeout(() => socket.close(), TIMEOUT)
      for (;;) {
        const { done, value } = await frames.next()
        if (done) throw new Error('the firehose ended before the frame of the commit came')
        const [event] = value as [MessageEvent<ArrayBuffer>]
        if (!Buffer.from(event.data).includes(rev)) continue
        clearTimeout(timer)
        return event.timeStamp
      }
    },
    close: () => socket.close(),
  }
}
