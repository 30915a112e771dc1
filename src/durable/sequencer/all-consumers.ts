/** What is done with consumers of the firehose and of other streams alike. */
import type { ConsumerView } from '../../contracts/sequencer.ts'
import type { Consumers } from './consumers.ts'

/** Consumers in a list for the operator, at most. */
const LISTED = 200

/** ms that consumers have to answer that the connection ends. */
const GOODBYE = 3_000

/** Tells all consumers to come again, as the host ends. @returns how many are still there after some seconds */
export async function endAll(
  all: readonly Pick<Consumers, 'endAll' | 'connections'>[],
): Promise<number> {
  for (const consumers of all) consumers.endAll()
  const until = Date.now() + GOODBYE
  const open = () => all.reduce((sum, { connections }) => sum + connections, 0)
  while (open() > 0 && Date.now() < until) await scheduler.wait(20)
  return open()
}

/** For the operator: those of the first kind first. */
export function listAll(all: readonly Pick<Consumers, 'list'>[]): ConsumerView[] {
  const listed: ConsumerView[] = []
  for (const consumers of all) listed.push(...consumers.list(LISTED - listed.length))
  return listed
}
