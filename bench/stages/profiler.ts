/** V8's sampling profiler in a workerd that has an inspector. */
import { Inspector } from './inspector.ts'

/** As DevTools reads it. */
export interface CpuProfile {
  nodes: ProfileNode[]
  /** Microseconds. */
  startTime: number
  endTime: number
  samples?: number[]
  /** Microseconds since the sample before. */
  timeDeltas?: number[]
}

export interface ProfileNode {
  id: number
  callFrame: { functionName: string; url: string; lineNumber: number; columnNumber: number }
  children?: number[]
}

/** A profile, and what was done meanwhile. */
export interface Recording {
  recorded: CpuProfile
  requests: number
  /** How fast it went, in words. */
  summary: string
}

/** Microseconds between two samples. */
const INTERVAL = 100

export class Profiler {
  readonly #inspector: Inspector

  private constructor(inspector: Inspector) {
    this.#inspector = inspector
  }

  static async connect(port: number): Promise<Profiler> {
    const inspector = await Inspector.connect(port)
    await inspector.send('Profiler.enable')
    await inspector.send('Profiler.setSamplingInterval', { interval: INTERVAL })
    return new Profiler(inspector)
  }

  async start(): Promise<void> {
    await this.#inspector.send('Profiler.start')
  }

  async stop(): Promise<CpuProfile> {
    return (await this.#inspector.send<{ profile: CpuProfile }>('Profiler.stop')).profile
  }

  close(): void {
    this.#inspector.close()
  }
}
