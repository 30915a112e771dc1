/** From sending createRecord to the arrival of its frame on the firehose. */
import { creation, deleteAll, type Repo, rkey } from '../load/repo.ts'
import { percentile } from '../load/stats.ts'
import { say } from '../progress.ts'
import { type Measured, problemOf } from './compare.ts'

const WARM_UP = 20
const PATIENCE = 10_000

interface Created {
  uri: string
  commit: { rev: string }
}

/** @param count - writes, one after the other */
export async function firehose(repo: Repo, origin: string, count: number): Promise<Measured> {
  say(`firehose: ${repo.server}`)
  const frames = await Frames.open(origin)
  const made: string[] = []
  const latencies: number[] = []
  try {
    const start = performance.now()
    for (let at = -WARM_UP; at < count; at += 1) {
      const sent = performance.now()
      const { body } = await repo.client.call<Created>(creation(repo))
      made.push(rkey(body.uri))
      const latency = (await frames.withRev(body.commit.rev)) - sent
      if (at >= 0) latencies.push(latency)
    }
    const seconds = (performance.now() - start) / 1000
    latencies.sort((a, b) => a - b)
    return {
      rate: (count + WARM_UP) / seconds,
      p50: percentile(latencies, 50),
      p99: percentile(latencies, 99),
      requests: count,
    }
  } catch (error) {
    return problemOf(error)
  } finally {
    frames.close()
    await deleteAll(repo, made)
  }
}

/** A consumer that notes when frames arrive and tells them apart by the rev in their bytes. */
class Frames {
  readonly #socket: WebSocket
  readonly #frames: { time: number; bytes: Buffer }[] = []
  #arrived: () => void = () => {}

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => {
      this.#frames.push({ time: performance.now(), bytes: Buffer.from(data as ArrayBuffer) })
      this.#arrived()
    })
  }

  static async open(origin: string): Promise<Frames> {
    const socket = new WebSocket(
      `${origin.replace('http', 'ws')}/xrpc/com.atproto.sync.subscribeRepos`,
    )
    socket.binaryType = 'arraybuffer'
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true })
      socket.addEventListener('error', () => reject(new Error('no firehose')), { once: true })
    })
    return new Frames(socket)
  }

  /** Time at which the commit of that rev arrived; frames before it are forgotten. */
  async withRev(rev: string): Promise<number> {
    const deadline = performance.now() + PATIENCE
    for (;;) {
      for (let frame = this.#frames.shift(); frame; frame = this.#frames.shift()) {
        if (frame.bytes.includes(rev)) return frame.time
      }
      if (performance.now() > deadline) throw new Error('no frame of the commit in 10 s')
      await this.#change()
    }
  }

  close(): void {
    this.#socket.close()
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, PATIENCE)
      this.#arrived = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
