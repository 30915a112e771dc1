/** Watches the memory of V8 while something else goes on. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Inspector } from './inspector.ts'

interface HeapUsage {
  usedSize: number
  totalSize: number
  /** Array buffers and other memory outside the heap, where V8 says. */
  backingStorageSize?: number
  embedderHeapUsedSize?: number
}

/** Milliseconds between two looks. */
const INTERVAL = 10

export class HeapWatch {
  readonly #inspector: Inspector
  readonly #done: Promise<void>
  #running = true
  #peak = 0

  private constructor(inspector: Inspector) {
    this.#inspector = inspector
    this.#done = this.#watch()
  }

  static async start(port: number): Promise<HeapWatch> {
    return new HeapWatch(await Inspector.connect(port))
  }

  /** @returns the most that was in use, heap and buffers, in MB; garbage counts too */
  async stop(): Promise<number> {
    this.#running = false
    await this.#done
    this.#inspector.close()
    return this.#peak
  }

  async #watch(): Promise<void> {
    while (this.#running) {
      const usage = await this.#inspector.send<HeapUsage>('Runtime.getHeapUsage')
      const bytes =
        usage.usedSize + (usage.backingStorageSize ?? 0) + (usage.embedderHeapUsedSize ?? 0)
      this.#peak = Math.max(this.#peak, bytes / 1e6)
      await sleep(INTERVAL)
    }
  }
}
