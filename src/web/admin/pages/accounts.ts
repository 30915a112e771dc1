/** The page that finds accounts. */
import { html } from 'hono/html'
import type { SearchPlace } from '../../../storage/directory/account-list.ts'
import { day } from '../../account/time.ts'
import type { ConsolePage } from '../page.ts'
import { ADMIN } from '../paths.ts'

const PAGE = 50

export const accounts: ConsolePage = {
  path: 'accounts',
  title: 'Accounts',
  views: {
    '': async (c) => {
      const prefix = c.req.query('q')?.trim() ?? ''
      const { accounts: found, next } = await c.env.services.directory.accounts.search(
        prefix,
        PAGE,
        readPlace(c.req.query('after')),
      )
      return {
        title: 'Accounts',
        main: html`<h1>Accounts</h1>
<form class="search" method="get" action="${ADMIN}/accounts">
<div><label for="q">Handle, email address or DID begins with</label>
<input id="q" name="q" value="${prefix}" autocapitalize="none" spellcheck="false"></div>
<button>Search</button>
</form>
${
  found.length === 0
    ? html`<p class="quiet">There is no such account.</p>`
    : html`<div class="table" tabindex="0" role="group" aria-label="Accounts"><table>
<thead><tr><th scope="col">Handle</th><th scope="col">Email address</th><th scope="col">Since</th></tr></thead>
<tbody>${found.map(
        ({ did, handle, email, createdAt }) => html`<tr>
<td data-label="Handle"><a href="${ADMIN}/accounts/${did}">@${handle}</a></td><td data-label="Email address">${email ?? 'none'}</td>
<td data-label="Since">${day(new Date(createdAt).toISOString())}</td></tr>`,
      )}</tbody></table></div>`
}
${next ? html`<p class="pages"><a href="${ADMIN}/accounts?${new URLSearchParams({ q: prefix, after: `${next.by}::${next.name}` }).toString()}">More</a></p>` : ''}`,
      }
    },
  },
  actions: {},
}

/** Where the page before ended; what is no place is the beginning. */
function readPlace(text = ''): SearchPlace | undefined {
  const [by, name] = text.split('::')
  return (by === 'handle' || by === 'email' || by === 'did') && name ? { by, name } : undefined
}
