/**
 * In development each answer says how many rows it cost, which is what the platform bills: in its account
 * objects, the directory left out, and in the sequencer, whose part of a write may show with the next
 * request because it is done after the answer.
 */
import type { App } from '../app.ts'

export async function addRowCounts(response: Response, app: App): Promise<void> {
  const counted = await Promise.all([
    app.sequencer.takeRows(),
    ...[...app.touched].map((did) => app.account(did).takeRows()),
  ])
  const total = (kind: 'read' | 'written') =>
    String(counted.reduce((sum, rows) => sum + rows[kind], 0))
  response.headers.set('x-cumulus-rows-read', total('read'))
  response.headers.set('x-cumulus-rows-written', total('written'))
}
