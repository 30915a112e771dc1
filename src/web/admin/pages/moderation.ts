/** The pages of moderation: finding something, what was reported, what is in force, and the log. */
import { html } from 'hono/html'
import type { Found } from '../../../services/moderation/moderation.ts'
import { csrfTokenOf } from '../../account/browser-session.ts'
import { type Html, noticeBox } from '../../layout.ts'
import { cursorOf } from '../cursor.ts'
import { moderationActions } from '../moderation/actions.ts'
import { quarantinedBytes } from '../moderation/bytes.ts'
import { reportList } from '../moderation/reports.ts'
import { logTable, MODERATION, subjectSection } from '../moderation/subject.ts'
import type { ConsoleContext, ConsolePage, Notices, Seen } from '../page.ts'

const PAGE = 50

const NOTICES: Notices = {
  down: 'It is taken down.',
  restored: 'It is given back.',
  closed: 'The report is closed.',
}

export const moderation: ConsolePage = {
  path: 'moderation',
  title: 'Moderation',
  views: {
    '': (c) => {
      const typed = c.req.query('q')?.trim() ?? ''
      return typed === '' ? inForce(c) : find(c, typed)
    },
    '/of/:subject': (c) => find(c, c.req.param('subject') ?? ''),
    '/reports': async (c) => seen(c, 'Reports', await reportList(c)),
    '/log': async (c) => {
      const { entries, cursor } = await c.env.services.moderation.log(PAGE, cursorOf(c))
      return seen(
        c,
        'Moderation log',
        html`${logTable(entries, 'There are no entries.')}${older(`${MODERATION}/log?`, cursor)}`,
      )
    },
    '/blob': quarantinedBytes,
  },
  actions: moderationActions,
}

const TABS = [
  { path: MODERATION, name: 'Find' },
  { path: `${MODERATION}/reports`, name: 'Reports' },
  { path: `${MODERATION}/log`, name: 'Log' },
] as const

const seen = (c: ConsoleContext, title: string, content: Html): Seen => ({
  title,
  main: html`<h1>${title}</h1>
${noticeBox(NOTICES[c.req.query('done') ?? ''])}
<p class="pages">${TABS.map(({ path, name }) => html`<a href="${path}"${path === c.req.path ? html` aria-current="page"` : ''}>${name}</a> `)}</p>
${content}`,
})

const searchForm = (typed: string): Html => html`
<form class="search" method="get" action="${MODERATION}">
<div><label for="q">at-URI, address at bsky.app, handle, DID, or CID of a blob</label><input id="q" name="q" value="${typed}" maxlength="2000" autocapitalize="none" spellcheck="false"></div>
<button>Find</button></form>`

const PROBLEMS: Readonly<Record<NonNullable<Found['problem']>, string>> = {
  unreadable: 'This names no account, record or blob.',
  elsewhere: 'This account is not on this host.',
  'not here': 'The account is here, and has no such record or blob.',
  'account needed':
    'Of a blob by its CID alone, only accounts are known at which it was moderated: type the account too, a blank, and the CID.',
}

async function find(c: ConsoleContext, typed: string): Promise<Seen> {
  const { subjects, problem } = await c.env.services.moderation.find(typed)
  const form = csrfTokenOf(c.var.session)
  const shows = c.req.query('show') === '1'
  const sections = await Promise.all(
    subjects.map((state) => subjectSection(c.env.services, state, form, shows)),
  )
  return seen(
    c,
    'Moderation',
    html`${searchForm(typed)}${problem ? html`<p class="note warn">${PROBLEMS[problem]}</p>` : ''}${sections}`,
  )
}

const KINDS = { account: 'Accounts', record: 'Records', blob: 'Blobs' } as const

const isKind = (kind: string): kind is keyof typeof KINDS => Object.hasOwn(KINDS, kind)

/** Takedowns that nobody has reversed. */
async function inForce(c: ConsoleContext): Promise<Seen> {
  const wanted = c.req.query('kind') ?? ''
  const kind = isKind(wanted) ? wanted : 'account'
  const { entries, cursor } = await c.env.services.moderation.log(PAGE, cursorOf(c), {
    inForce: kind,
  })
  return seen(
    c,
    'Moderation',
    html`${searchForm('')}<h2>Taken down</h2>
<p class="pages">${Object.entries(KINDS).map(([name, title]) => html`<a href="${MODERATION}?kind=${name}"${name === kind ? html` aria-current="true"` : ''}>${title}</a> `)}</p>
${logTable(entries, 'None is taken down.')}${older(`${MODERATION}?kind=${kind}&`, cursor)}`,
  )
}

const older = (path: string, cursor: number | undefined): Html | '' =>
  cursor === undefined ? '' : html`<p class="pages"><a href="${path}before=${cursor}">Older</a></p>`
