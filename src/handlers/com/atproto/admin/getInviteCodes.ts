import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/admin/getInviteCodes'
import { adminOrModerator } from '#src/server/auth/policy.ts'
import type { InviteCursor, InviteSort } from '#src/storage/directory/invite-code.ts'

const SORTS = ['recent', 'usage'] as const satisfies InviteSort[]

export default define({
  auth: adminOrModerator,
  async handler({ params, services }) {
    const { limit } = params
    const sort = SORTS.find((known) => known === params.sort)
    if (!sort) throw new InvalidRequestError(`unknown sort method: ${params.sort}`)
    const after = params.cursor === undefined ? undefined : readCursor(sort, params.cursor)
    const { codes, next } = await services.directory.invites.list(sort, limit, after)
    return { codes, ...(next && { cursor: `${next.key}::${next.code}` }) }
  },
})

/** @throws InvalidRequestError */
function readCursor(sort: InviteSort, cursor: string): InviteCursor {
  const [text = '', code, ...rest] = cursor.split('::')
  const key = sort === 'usage' ? Number.parseInt(text, 10) : text
  if (!code || rest.length > 0 || Number.isNaN(key)) {
    throw new InvalidRequestError('Malformed cursor')
  }
  return { key, code }
}
