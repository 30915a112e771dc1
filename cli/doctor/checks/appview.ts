/** What the AppView shows of this host's accounts. */

import { fieldsOf, orReason } from '../answers.ts'
import type { Check } from '../check.ts'
import { assertActive, foundIf, Skipped, WELL } from '../finding.ts'
import { announce, originOf } from '../fixes.ts'
import type { Account, World } from '../world.ts'

/** How long the AppView may take to show something, in ms. */
const SETTLED = 5 * 60_000

const POST = 'app.bsky.feed.post'

/** What the AppView answers. @throws Skipped */
async function askAppView(world: World, path: string, query: Record<string, string>) {
  const { appview } = world.status
  if (!appview) throw new Skipped('this host has no AppView (PDS_BSKY_APP_VIEW_URL)')
  const answer = await orReason(world.ask(appview.url, `/xrpc/${path}`, query))
  if ('unreachable' in answer) throw new Skipped(`the AppView does not answer`)
  if (answer.status >= 500 || answer.status === 429) {
    throw new Skipped(`the AppView answers ${answer.status}`)
  }
  return { ...answer, fields: fieldsOf(answer.json) }
}

/** The newest post of an account, as the host gives it. @throws Skipped */
async function newestPost(world: World, { did }: Account) {
  const query = new URLSearchParams({ repo: did, collection: POST, limit: '1' })
  const answer = await orReason(world.get(`/xrpc/com.atproto.repo.listRecords?${query}`))
  if ('unreachable' in answer) throw new Skipped('the host does not answer')
  const { records } = fieldsOf(answer.json)
  return fieldsOf(Array.isArray(records) ? records[0] : undefined)
}

export const appViewChecks: readonly Check[] = [
  {
    of: 'host',
    id: 'appview-answers',
    title: 'The AppView answers',
    severity: 'error',
    means: 'Apps show no timeline, no profiles and no notifications to accounts here.',
    mend: 'Wait, or look at PDS_BSKY_APP_VIEW_URL',
    async run(world) {
      const { appview } = world.status
      if (!appview) throw new Skipped('this host has no AppView (PDS_BSKY_APP_VIEW_URL)')
      const answer = await orReason(world.ask(appview.url, '/xrpc/_health'))
      if ('unreachable' in answer) {
        return [{ what: `${originOf(appview.url)}: ${answer.unreachable}.` }]
      }
      return foundIf(answer.status >= 500, () => ({
        what: `${originOf(appview.url)} answers ${answer.status}.`,
      }))
    },
  },
  {
    of: 'account',
    id: 'appview-account',
    title: 'The AppView knows the account',
    severity: 'error',
    means: 'In apps the account does not exist.',
    mend: 'Tell the network of it again: `npx cumulus doctor --fix`',
    canFix: true,
    async run(world, account) {
      assertActive(account)
      const path = 'app.bsky.actor.getProfile'
      const { status, fields } = await askAppView(world, path, { actor: account.did })
      return foundIf(status !== 200, () => ({
        what: `The AppView answers: ${fields.message ?? fields.error ?? status}.`,
        fixes: [announce(account, 'identity'), announce(account, 'sync')],
      }))
    },
  },
  {
    of: 'account',
    id: 'appview-handle',
    title: 'The AppView shows the handle',
    severity: 'error',
    means: 'In apps the account has another name, or “Invalid handle”.',
    mend: 'Once handle-resolves and did-handle are well, let it look again: `npx cumulus doctor --fix`',
    canFix: true,
    async run(world, account) {
      assertActive(account)
      const path = 'app.bsky.actor.getProfile'
      const { status, fields } = await askAppView(world, path, { actor: account.did })
      if (status !== 200) throw new Skipped('the AppView does not know the account')
      return foundIf(fields.handle !== account.handle, () => ({
        what: `The AppView shows ${String(fields.handle)}, here it is ${account.handle}.`,
        fixes: [announce(account, 'identity')],
      }))
    },
  },
  {
    of: 'account',
    id: 'appview-posts',
    title: 'The AppView has the newest post',
    severity: 'error',
    means: 'Nobody sees what the account posts.',
    mend: 'See relay-account and firehose-verifies first; then let the network fetch the repository: `npx cumulus doctor --fix`',
    canFix: true,
    async run(world, account) {
      assertActive(account)
      const { uri, value } = await newestPost(world, account)
      if (typeof uri !== 'string') throw new Skipped('it has posted nothing')
      const at = Date.parse(String(fieldsOf(value).createdAt))
      const { fields } = await askAppView(world, 'app.bsky.feed.getPosts', { uris: uri })
      const isThere = Array.isArray(fields.posts) && fields.posts.length > 0
      if (isThere) return WELL
      if (Date.now() - at < SETTLED) throw new Skipped('its newest post is a moment old')
      return [{ what: `The AppView does not have ${uri}.`, fixes: [announce(account, 'sync')] }]
    },
  },
]
