/** From starting the server's process to its first answer. */
import { median } from '../load/stats.ts'
import { step } from '../progress.ts'
import { type Host, type ServerName, untilAnswering } from '../servers/server.ts'

const RUNS = 5

/** Starts each server in turn; it must not be running. @returns medians, in seconds */
export async function startTimes(hosts: Host[]): Promise<Partial<Record<ServerName, number>>> {
  const times = new Map(hosts.map((host) => [host.name, [] as number[]]))
  for (let run = 0; run < RUNS; run += 1) {
    step('start to first answer', `run ${run + 1} of ${RUNS}`)
    for (const host of hosts) {
      const before = performance.now()
      const running = await host.start()
      try {
        await untilAnswering(running.origin)
        times.get(host.name)?.push((performance.now() - before) / 1000)
      } finally {
        await running.stop()
      }
    }
  }
  return Object.fromEntries([...times].map(([name, seconds]) => [name, median(seconds)]))
}
