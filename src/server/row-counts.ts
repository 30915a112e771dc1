/**
 * In development each answer says how many rows it cost, which is what the platform bills: in its account
 * objects, the directory left out, in the host's index, and in the sequencer. What the last two do of a write may show with
 * the next request because it is done after the answer.
 */
import type { RequestContext } from '../context/request.ts'
import type { Services } from '../context/services.ts'
import { hasCollectionFiles } from '../kernel/collection-files.ts'

export async function addRowCounts(
  response: Response,
  { accountsCalled }: RequestContext,
  services: Services,
): Promise<void> {
  const counted = await Promise.all([
    services.sequencer.takeRows(),
    ...(hasCollectionFiles() ? [services.hostIndex.rowCounts.take()] : []),
    ...[...accountsCalled].map((did) => services.account(did).rowCounts.take()),
  ])
  const total = (kind: 'read' | 'written') =>
    String(counted.reduce((sum, rows) => sum + rows[kind], 0))
  response.headers.set('x-cumulus-rows-read', total('read'))
  response.headers.set('x-cumulus-rows-written', total('written'))
}
