/** The page of the invite codes: those there are, and new ones. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { html } from 'hono/html'
import {
  type InviteCode,
  type InviteCursor,
  OPERATOR,
} from '../../../storage/directory/invite-code.ts'
import { csrfTokenOf } from '../../account/browser-session.ts'
import { accountNamed } from '../../account/form.ts'
import { JOIN_PATH } from '../../account/routes/join.ts'
import { day } from '../../account/time.ts'
import { csrfTokenField, type Html, noticeBox } from '../../layout.ts'
import type { ActionInput, ConsolePage, Notices } from '../page.ts'
import { ADMIN, accountPath } from '../paths.ts'

const PAGE = 50

/** Codes that are made, and shown, at once. */
const MOST = 500

const INVITES = `${ADMIN}/invites`

const NOTICES: Notices = { disabled: 'The code is disabled.' }

export const invites: ConsolePage = {
  path: 'invites',
  title: 'Invites',
  views: {
    '': async (c) => {
      const sort = c.req.query('sort') === 'usage' ? 'usage' : 'recent'
      const after = readCursor(sort, c.req.query('after'))
      const { codes, next } = await c.env.services.directory.invites.list(sort, PAGE, after)
      const form = csrfTokenOf(c.var.session)
      const more = next && new URLSearchParams({ sort, after: `${next.key}::${next.code}` })
      return {
        title: 'Invites',
        main: html`<h1>Invites</h1>
${noticeBox(NOTICES[c.req.query('done') ?? ''])}
<section aria-labelledby="new"><h2 id="new">New codes</h2>
<form method="post" action="${INVITES}/create">${csrfTokenField(form)}
<div class="search">
<div><label for="count">How many</label><input id="count" name="count" type="number" min="1" max="${MOST}" value="1" required></div>
<div><label for="uses">Uses of each</label><input id="uses" name="uses" type="number" min="1" max="100000" value="1" required></div>
<div><label for="account">For (handle or DID; empty: nobody in particular)</label><input id="account" name="forAccount" autocapitalize="none" spellcheck="false"></div>
<button>Make codes</button></div></form></section>
<p class="pages"><a href="${INVITES}?sort=recent"${current(sort === 'recent')}>Newest first</a>
<a href="${INVITES}?sort=usage"${current(sort === 'usage')}>Most used first</a></p>
${codes.length === 0 ? html`<p class="quiet">There are no codes.</p>` : table(codes, form)}
${more ? html`<p class="pages"><a href="${INVITES}?${more.toString()}">More</a></p>` : ''}`,
      }
    },
  },
  actions: {
    '/create': {
      name: 'invites.create',
      about: ({ form }) => ({
        codeCount: Number(form.count),
        useCount: Number(form.uses),
        forAccount: form.forAccount,
      }),
      back: () => INVITES,
      async run(input) {
        const { form, services } = input
        const count = numberOf(form.count, MOST)
        const uses = numberOf(form.uses, 100_000)
        const forAccounts = [await ownerOf(input)]
        const made = await services.accounts.createInvites({ count, uses, forAccounts })
        const codes = made.flatMap((each) => each.codes)
        const link = (code: string) =>
          `${services.config.publicUrl}${JOIN_PATH}?${new URLSearchParams({ code }).toString()}`
        return {
          title: 'New invite codes',
          main: html`<h1>New invite codes</h1>
<section class="once"><p>Each is good for ${uses} ${uses === 1 ? 'account' : 'accounts'}. A link leads to a page that says how to sign up with its code.</p>
<ul class="secret">${codes.map((code) => html`<li><a href="${link(code)}">${link(code)}</a></li>`)}</ul></section>
<p><a class="button second" href="${INVITES}">Back</a></p>`,
        }
      },
    },
    '/disable': {
      name: 'invites.disable',
      about: ({ form }) => ({ disabledCode: form.code }),
      back: () => INVITES,
      async run({ form, services }) {
        await services.directory.invites.disable([form.code ?? ''], [])
        return { to: INVITES, done: 'disabled' }
      },
    },
  },
}

const current = (is: boolean): Html | '' => (is ? html` aria-current="true"` : '')

const table = (codes: readonly InviteCode[], csrfToken: string): Html => html`
<div class="table" tabindex="0" role="group" aria-label="Codes"><table>
<thead><tr><th scope="col">Code</th><th scope="col">For</th><th scope="col">Made</th><th scope="col">Used</th><th scope="col">By</th><th scope="col"><span class="quiet">Disable</span></th></tr></thead>
<tbody>${codes.map(
  ({ code, forAccount, createdAt, available, uses, disabled }) => html`<tr>
<td data-label="Code"><code>${code}</code></td>
<td data-label="For">${forAccount === OPERATOR ? 'nobody in particular' : html`<a href="${accountPath(forAccount)}"><code>${forAccount}</code></a>`}</td>
<td data-label="Made">${day(createdAt)}</td><td data-label="Used">${uses.length} of ${available}</td>
<td data-label="By">${uses.slice(0, 5).map(({ usedBy }) => html`<a href="${accountPath(usedBy)}"><code>${usedBy}</code></a> `)}${uses.length > 5 ? '…' : ''}</td>
<td>${
    disabled
      ? html`<span class="state">disabled</span>`
      : html`<form method="post" action="${INVITES}/disable">${csrfTokenField(csrfToken)}<input type="hidden" name="code" value="${code}"><button class="danger" aria-label="Disable ${code}">Disable</button></form>`
  }</td></tr>`,
)}</tbody></table></div>`

/** @throws InvalidRequestError */
async function ownerOf({ form, services }: ActionInput): Promise<string> {
  const typed = form.forAccount?.trim() ?? ''
  if (typed === '') return OPERATOR
  return (await accountNamed(typed, services)).did
}

/** @throws InvalidRequestError */
function numberOf(typed: string | undefined, most: number): number {
  const value = Number(typed)
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value
  throw new InvalidRequestError(`Type a number from 1 to ${most}`)
}

/** Where the page before ended; what is no place is the beginning. */
function readCursor(sort: 'usage' | 'recent', text = ''): InviteCursor | undefined {
  const [typed = '', code] = text.split('::')
  const key = sort === 'usage' ? Number.parseInt(typed, 10) : typed
  return code && !Number.isNaN(key) ? { key, code } : undefined
}
