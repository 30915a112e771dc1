/// <reference types="@cloudflare/vitest-plugin/types" />
import type { Env as WorkerEnv } from '../contracts/env.ts'

declare global {
  namespace Cloudflare {
    /** Lets tests in workerd see the Worker's own exports and bindings with their types. */
    interface GlobalProps {
      mainModule: typeof import('../worker.ts')
    }
    interface Env extends WorkerEnv {}
  }
}
