/** What all pages of the console have around them. */
import { html } from 'hono/html'
import type { Services } from '../../context/services.ts'
import { type BrowserSession, csrfTokenOf } from '../account/browser-session.ts'
import { csrfTokenField, type Html, page, SETTINGS } from '../layout.ts'
import { ADMIN } from './paths.ts'

interface FrameParts {
  title: string
  main: Html
  /** Pages in the navigation; none for whoever has to show a factor first. */
  pages: readonly { path: string; title: string }[]
  /** The page that is open. */
  current?: string
}

export const consoleFrame = (
  { config }: Pick<Services, 'config'>,
  session: BrowserSession,
  { title, main, pages, current }: FrameParts,
): Html =>
  page({
    title,
    config,
    script: { csrfToken: csrfTokenOf(session) },
    broad: true,
    corner: html`<form method="post" action="${SETTINGS}/sign-out">
${csrfTokenField(csrfTokenOf(session))}<span>@${session.handle}</span> <button class="second">Sign out</button></form>`,
    nav: pages.length === 0 ? undefined : navigation(pages, current),
    main,
  })

const navigation = (pages: FrameParts['pages'], current: string | undefined): Html => html`
<nav class="console" aria-label="Console"><ul>
${pages.map(
  ({ path, title }) =>
    html`<li><a href="${ADMIN}/${path}"${path === current ? html` aria-current="page"` : ''}>${title}</a></li>`,
)}
</ul></nav>`
