/** The time of the host, for tests inside workerd: it can be put forward. */

import { listDurableObjectIds, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

const RealDate = Date
/** By how much the host is ahead of this machine, in ms. */
let ahead = 0

/** `new Date()` and `Date.now()` of the test, the Worker and its objects, which share one isolate. */
class ShiftedDate extends RealDate {
  constructor(...args: [] | [value: string | number | Date]) {
    if (args.length === 0) super(RealDate.now() + ahead)
    else super(...args)
  }
  static override now(): number {
    return RealDate.now() + ahead
  }
}

/**
 * The clock of the host. It runs on as always, and can be put forward, never back: what the host has stored would be in the
 * future. It stays ahead for the other tests of the file. `setTimeout` is as ever.
 */
export const clock = {
  /** ms since the epoch. */
  now: (): number => RealDate.now() + ahead,

  /** Puts the clock forward, and waits for what is due by then: background jobs, retries of hooks. */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError('the clock can only be put forward')
    globalThis.Date = ShiftedDate as DateConstructor
    const objects = await allObjects()
    const alarms = await Promise.all(objects.map(takeAlarm))
    ahead += ms
    await Promise.all(objects.map((stub, index) => giveAlarm(stub, alarms[index] ?? null)))
  },

  /** Puts it forward to a date. @throws RangeError for one that is over */
  set(date: Date | string): Promise<void> {
    return clock.advance(new RealDate(date).getTime() - clock.now())
  },
}

/** Every object of the host. */
async function allObjects(): Promise<DurableObjectStub[]> {
  const { ACCOUNTS, DIRECTORY, SEQUENCER, OAUTH, INDEX, APP } = env
  const namespaces: DurableObjectNamespace[] = [ACCOUNTS, DIRECTORY, SEQUENCER, OAUTH, INDEX, APP]
  const stubs = await Promise.all(
    namespaces.map(async (namespace) =>
      (await listDurableObjectIds(namespace)).map((id) => namespace.get(id)),
    ),
  )
  return stubs.flat()
}

/** When the object's alarm is due, by the host's clock. */
const takeAlarm = (stub: DurableObjectStub): Promise<number | null> =>
  runInDurableObject(stub, (_, { storage }) => {
    translateAlarms(storage)
    return storage.getAlarm()
  })

/** Rings what is due by now, and puts the others forward with the clock. */
async function giveAlarm(stub: DurableObjectStub, at: number | null): Promise<void> {
  if (at === null) return
  if (at <= clock.now()) await runDurableObjectAlarm(stub)
  else await runInDurableObject(stub, (_, { storage }) => storage.setAlarm(at))
}

let isTranslated = false

/** The platform rings by the time of this machine: from now on, all objects say and hear it by the host's clock. */
function translateAlarms(storage: DurableObjectStorage): void {
  if (isTranslated) return
  isTranslated = true
  const shared: Pick<DurableObjectStorage, 'setAlarm' | 'getAlarm'> = Object.getPrototypeOf(storage)
  const { setAlarm, getAlarm } = shared
  shared.setAlarm = function (this: DurableObjectStorage, at, options) {
    return setAlarm.call(this, Number(at) - ahead, options)
  }
  shared.getAlarm = async function (this: DurableObjectStorage, options) {
    const at = await getAlarm.call(this, options)
    return at === null ? null : at + ahead
  }
}
