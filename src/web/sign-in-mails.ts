/**
 * Turns mails about sign-ins off, and on again, for whoever has the link of such a mail: no sign-in is asked for, and
 * the link is good for nothing else. Mail programs send a POST by themselves (RFC 8058); a GET shows the page and
 * changes nothing, as scanners of mailboxes open every link.
 */
import { Hono } from 'hono'
import { html } from 'hono/html'
import type { Services } from '../context/services.ts'
import { fill, stringsOf, wantedLanguage } from '../services/mail/languages/languages.ts'
import { isTurnOffMark, SIGN_IN_MAILS_PATH } from '../services/mail/marks.ts'
import type { PageBindings } from './account/page-env.ts'
import { page, pageHeaders } from './layout.ts'

export const signInMails = new Hono<{ Bindings: PageBindings }>()
  .get(SIGN_IN_MAILS_PATH, (c) => answer(c.req.raw, c.env.services))
  .post(SIGN_IN_MAILS_PATH, async (c) => {
    const form = await c.req.parseBody()
    return answer(c.req.raw, c.env.services, form.on === 'yes')
  })

/** @param on what it is changed to; undefined: nothing is changed */
async function answer(request: Request, services: Services, on?: boolean): Promise<Response> {
  const { config, directory } = services
  const query = new URL(request.url).searchParams
  const did = query.get('did') ?? ''
  const isOurs = isTurnOffMark(config, did, query.get('mark') ?? '')
  if (isOurs && on !== undefined) await directory.mails.setSignInMails(did, on)
  const account = isOurs ? await directory.mails.addressee(did) : undefined
  const wanted = wantedLanguage(request.headers.get('accept-language'))
  const strings = await stringsOf(wanted ?? config.defaultLanguage)
  const { title, ...said } = strings.page
  const isOn = account?.signInMails ?? true
  const main = account
    ? html`<p>${fill(isOn ? said.on : said.off, { handle: `@${account.handle}` })}</p>
<form method="post"><input type="hidden" name="on" value="${isOn ? 'no' : 'yes'}">
<button>${isOn ? said.turnOff : said.turnOn}</button></form>`
    : html`<p class="note bad" role="alert">${said.badLink}</p>`
  const body = await page({
    title,
    config,
    language: strings.tag,
    main: html`<div class="narrow"><h1>${title}</h1><section>${main}</section></div>`,
  })
  return new Response(body.toString(), {
    status: account ? 200 : 400,
    headers: {
      ...pageHeaders(request, config),
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      vary: 'accept-language',
    },
  })
}
