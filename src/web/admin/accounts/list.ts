/** Finding accounts: by the beginning of a name, and by what they are. */
import { html } from 'hono/html'
import {
  type AccountFilter,
  type AdministeredAccount,
  accountFilters,
  type SearchPlace,
} from '../../../storage/directory/account-list.ts'
import { dayOf } from '../../account/time.ts'
import { type Html, noticeBox } from '../../layout.ts'
import type { ConsoleContext, Seen } from '../page.ts'
import { ADMIN, accountPath } from '../paths.ts'

const PAGE = 50

const FILTERS: Readonly<Record<AccountFilter, string>> = {
  attention: 'Needs attention',
  takendown: 'Taken down',
  deactivated: 'Deactivated',
  unconfirmed: 'Address not confirmed',
  'without-factor': 'No passkey or second factor',
  new: 'New this week',
  operators: 'Operators',
}

export async function accountList(c: ConsoleContext): Promise<Seen> {
  const prefix = c.req.query('q')?.trim() ?? ''
  const filter = accountFilters.find((known) => known === c.req.query('show'))
  const { accounts, next } = await c.env.services.directory.accounts.search(
    prefix,
    PAGE,
    readPlace(c.req.query('after')),
    filter,
  )
  const after = next && { after: `${next.by}::${next.name}` }
  const query = new URLSearchParams({ q: prefix, ...(filter && { show: filter }), ...after })
  return {
    title: 'Accounts',
    main: html`<h1>Accounts</h1>
${noticeBox(c.req.query('done') === 'deleted' ? 'The account is deleted.' : undefined)}
<form class="search" method="get" action="${ADMIN}/accounts">
<div><label for="q">Handle, email address or DID begins with</label>
<input id="q" name="q" value="${prefix}" autocapitalize="none" spellcheck="false"></div>
<div><label for="show">Show</label><select id="show" name="show"><option value="">All</option>
${accountFilters.map((name) => html`<option value="${name}"${name === filter ? html` selected` : ''}>${FILTERS[name]}</option>`)}</select></div>
<button>Search</button>
</form>
${accounts.length > 0 ? table(accounts) : html`<p class="quiet">${next ? 'None of these: look on.' : 'There is no such account.'}</p>`}
${next ? html`<p class="pages"><a href="${ADMIN}/accounts?${query.toString()}">More</a></p>` : ''}`,
  }
}

const table = (accounts: readonly AdministeredAccount[]): Html => html`
<div class="table" tabindex="0" role="group" aria-label="Accounts"><table>
<thead><tr><th scope="col">Handle</th><th scope="col">Email address</th><th scope="col">Since</th><th scope="col">State</th></tr></thead>
<tbody>${accounts.map(
  (account) => html`<tr>
<td data-label="Handle"><a href="${accountPath(account.did)}">@${account.handle}</a></td>
<td data-label="Email address">${account.email ?? 'none'}</td>
<td data-label="Since">${dayOf(account.createdAt)}</td>
<td data-label="State">${states(account)}</td></tr>`,
)}</tbody></table></div>`

/** What is not as with most accounts. */
export function states(account: AdministeredAccount): Html {
  const words = [
    account.role === 'operator' && 'operator',
    account.status === 'takendown' && 'taken down',
    account.status === 'deactivated' && 'deactivated',
    account.email !== null && account.emailConfirmedAt === null && 'address not confirmed',
    account.hasFactor === false && 'no second factor',
    account.attention,
  ].filter((word) => typeof word === 'string')
  return html`${words.map((word) => html`<span class="state">${word}</span> `)}`
}

/** Where the page before ended; what is no place is the beginning. */
function readPlace(text = ''): SearchPlace | undefined {
  const [, by, name] = /^(did|handle|email|created)::(.+)$/.exec(text) ?? []
  return by && name ? { by: by as SearchPlace['by'], name } : undefined
}
