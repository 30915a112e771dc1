/** V8's inspector in workerd, by the Chrome DevTools Protocol: profiles, memory in use. */
import { on, once } from 'node:events'
import type { Profiler } from 'node:inspector'
import { setTimeout as sleep } from 'node:timers/promises'

interface HeapUsage {
  usedSize: number
  /** Array buffers and other memory outside the heap, where V8 says. */
  backingStorageSize?: number
  embedderHeapUsedSize?: number
}

/** Microseconds between two samples of a profile. */
const SAMPLING_INTERVAL = 100
/** Milliseconds between two looks at the heap. */
const HEAP_INTERVAL = 10

/** Starts V8's sampling profiler. @returns what stops it */
export async function recordProfile(port: number): Promise<() => Promise<Profiler.Profile>> {
  const { send, close } = await connect(port)
  await send('Profiler.enable')
  await send('Profiler.setSamplingInterval', { interval: SAMPLING_INTERVAL })
  await send('Profiler.start')
  return async () => {
    const { profile } = await send<Profiler.StopReturnType>('Profiler.stop')
    close()
    return profile
  }
}

/**
 * Watches the memory of V8 until the returned function is called.
 *
 * @returns the most that was in use, heap and buffers, in MB; garbage counts too
 */
export async function watchHeap(port: number): Promise<() => Promise<number>> {
  const { send, close } = await connect(port)
  let running = true
  let peak = 0
  const watch = async () => {
    while (running) {
      const usage = await send<HeapUsage>('Runtime.getHeapUsage')
      const { usedSize, backingStorageSize = 0, embedderHeapUsedSize = 0 } = usage
      peak = Math.max(peak, (usedSize + backingStorageSize + embedderHeapUsedSize) / 1e6)
      await sleep(HEAP_INTERVAL)
    }
  }
  const done = watch()
  return async () => {
    running = false
    await done
    close()
    return peak
  }
}

/** Connects to the first target. Requests must be sent one after the other. */
async function connect(port: number) {
  const targets = await fetch(`http://127.0.0.1:${port}/json`)
  const [target] = (await targets.json()) as { webSocketDebuggerUrl: string }[]
  if (!target) throw new Error('workerd has nothing to inspect')
  const socket = new WebSocket(target.webSocketDebuggerUrl)
  const messages = on(socket, 'message', { close: ['close', 'error'] })
  const closed = once(socket, 'close').then(() => Promise.reject(new Error('no inspector')))
  await Promise.race([once(socket, 'open'), closed])
  let sent = 0
  const send = async <T>(method: string, params: object = {}): Promise<T> => {
    sent += 1
    socket.send(JSON.stringify({ id: sent, method, params }))
    for (;;) {
      const { done, value } = await messages.next()
      if (done) throw new Error('the inspector went away')
      const { id, result, error } = JSON.parse(String((value as [MessageEvent])[0].data))
      if (error && id === sent) throw new Error(error.message)
      if (id === sent) return result as T
    }
  }
  return { send, close: () => socket.close() }
}
