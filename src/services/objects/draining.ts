/** Whether this isolate is about to end: on plain workerd, all of the host (`src/server/control.ts`). */
import { XRPCError } from '@atproto/xrpc-server'

let draining = false

export const isDraining = (): boolean => draining

export function startDraining(): void {
  draining = true
}

/** The host is about to end: who asked goes on when it is there again. */
export class ShuttingDownError extends XRPCError {
  constructor() {
    super(503, 'This host is being stopped or started again: try again in a moment', 'ShuttingDown')
  }
}
