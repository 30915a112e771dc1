/**
 * Crashes of Durable Objects at chosen moments. `abort` is what the platform does to an object whose
 * machine dies: memory, sockets and what was not yet durable are gone. Nothing in the server knows of it.
 */
import { runInDurableObject } from 'cloudflare:test'
import type { DurableObject } from 'cloudflare:workers'
import type { Env } from '../contracts/env.ts'

/** A new stub with each call: one that saw its object crash is of no more use. */
type Stub = () => DurableObjectStub<DurableObject<Env> & Rpc.DurableObjectBranded>

class Crash extends Error {
  override name = 'Crash'
}

function crash(state: DurableObjectState): never {
  state.abort('crash')
  throw new Crash('crash')
}

/** Works on an object, on its next life if it is just crashing. */
async function within(
  stub: Stub,
  work: (instance: unknown, state: DurableObjectState) => void,
): Promise<void> {
  for (;;) {
    try {
      return await runInDurableObject(stub(), work)
    } catch (error) {
      if (!String(error).includes('crash')) throw error
    }
  }
}

export function crashNow(stub: Stub): Promise<void> {
  return runInDurableObject(stub(), (_, state) => {
    state.abort('crash')
  }).catch(() => undefined)
}

/** Lets the object crash right after its `count`-th SQL statement from now on. */
export function crashAfterStatement(stub: Stub, count: number): Promise<void> {
  return within(stub, (_, state) => {
    const { sql } = state.storage
    const exec = sql.exec.bind(sql)
    let left = count
    sql.exec = (...args: Parameters<typeof exec>) => {
      const cursor = exec(...args)
      left--
      if (left === 0) crash(state)
      return cursor as never
    }
  })
}

/** Lets the object crash when it sets its alarm. */
export function crashAtAlarm(stub: Stub): Promise<void> {
  return within(stub, (_, state) => {
    state.storage.setAlarm = () => crash(state)
  })
}

/** What happens to the next deliveries from an account to the sequencer, until one was stored or the account has crashed. */
export type DeliveryFault =
  | 'the account crashes before it'
  | 'the account crashes after it'
  | 'the answer is lost'

/** Lets the account's next delivery that is stored go wrong. @returns whether it has; a promise would not resolve across objects */
export async function disturbDelivery(stub: Stub, fault: DeliveryFault): Promise<() => boolean> {
  let disturbed = false
  await within(stub, (instance, state) => {
    const { env } = instance as unknown as { env: Env }
    const { SEQUENCER } = env
    const restore = () => {
      env.SEQUENCER = SEQUENCER
    }
    const get = (...args: Parameters<typeof SEQUENCER.get>) => {
      const sequencer = SEQUENCER.get(...args)
      const append: typeof sequencer.append = async (...delivery) => {
        if (fault === 'the account crashes before it') {
          restore()
          disturbed = true
          crash(state)
        }
        // One that is refused, as what it follows is not stored yet, comes again.
        await sequencer.append(...delivery)
        restore()
        disturbed = true
        if (fault === 'the account crashes after it') crash(state)
        throw new Crash('the answer is lost')
      }
      const noteCollections: typeof sequencer.noteCollections = (...told) =>
        sequencer.noteCollections(...told)
      return { append, noteCollections } as typeof sequencer
    }
    env.SEQUENCER = { idFromName: (name: string) => SEQUENCER.idFromName(name), get } as never
  })
  return () => disturbed
}
