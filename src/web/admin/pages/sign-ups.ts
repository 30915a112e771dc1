/** The page of the sign-ups: who waits for approval, what holds back abuse, and names that are reserved. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { html } from 'hono/html'
import type { Services } from '../../../context/services.ts'
import { openSignUps } from '../../../kernel/config/open-sign-ups.ts'
import type { BurstView } from '../../../storage/directory/bursts.ts'
import type { RuledName } from '../../../storage/directory/handle-rules.ts'
import type { SignUpPlace, WaitingSignUp } from '../../../storage/directory/sign-up-queue.ts'
import { csrfTokenOf } from '../../account/browser-session.ts'
import { moment } from '../../account/time.ts'
import { csrfTokenField, type Html, noticeBox } from '../../layout.ts'
import { counted, inThousands } from '../../numbers.ts'
import type { ActionInput, ConsolePage, Notices } from '../page.ts'
import { ADMIN } from '../paths.ts'

const SIGN_UPS = `${ADMIN}/sign-ups`
const PAGE = 50
const NAMES = 100

/** Characters of a reason. */
const MAX_REASON = 500

const NOTICES: Notices = {
  approved: 'The account is open, and its owner is told by mail if there is a way.',
  refused: 'The sign-up is refused, and what was stored of it is deleted.',
  ruled: 'The name is as you said.',
}

const didOf = ({ c }: ActionInput): string => c.req.param('did') ?? ''

export const signUps: ConsolePage = {
  path: 'sign-ups',
  title: 'Sign-ups',
  views: {
    '': async (c) => {
      const { services } = c.env
      const { directory, signUps } = services
      const after = c.req.query('names') ?? ''
      const [{ waiting, total }, burst, rules] = await Promise.all([
        signUps.list(PAGE, readPlace(c.req.query('after'))),
        directory.signUps.burst(),
        directory.handleRules.list(NAMES, after),
      ])
      const form = csrfTokenOf(c.var.session)
      const last = waiting.length === PAGE ? waiting.at(-1) : undefined
      return {
        title: 'Sign-ups',
        main: html`<h1>Sign-ups</h1>
${noticeBox(NOTICES[c.req.query('done') ?? ''])}
${state(services, burst)}
<h2>Waiting for approval</h2>
${total > 0 ? html`<p>${counted(total, 'sign-up waits', 'sign-ups wait')}, the oldest first.</p>` : ''}
${waiting.length === 0 ? html`<p class="quiet">Nobody waits.</p>` : queueTable(waiting, form)}
${last ? html`<p class="pages"><a href="${SIGN_UPS}?${new URLSearchParams({ after: `${last.since}:${last.did}` }).toString()}">Later ones</a></p>` : ''}
${names(rules, form)}`,
      }
    },
  },
  actions: {
    '/:did/approve': {
      name: 'sign-ups.approve',
      about: (input) => ({ did: didOf(input) }),
      back: () => SIGN_UPS,
      async run(input) {
        await input.services.signUps.approve(didOf(input))
        input.services.accounts.invalidate(didOf(input))
        return { to: SIGN_UPS, done: 'approved' }
      },
    },
    '/:did/refuse': {
      name: 'sign-ups.refuse',
      dangerous: true,
      confirmBy: didOf,
      about: (input) => ({ did: didOf(input), reason: input.form.reason }),
      back: () => SIGN_UPS,
      async run(input) {
        const { form, services } = input
        await services.signUps.refuse(didOf(input), (form.reason ?? '').trim().slice(0, MAX_REASON))
        services.accounts.invalidate(didOf(input))
        return { to: SIGN_UPS, done: 'refused' }
      },
    },
    '/name': {
      name: 'sign-ups.ruleName',
      about: ({ form }) => ({ handle: form.name, note: form.rule }),
      back: () => SIGN_UPS,
      async run({ form, services }) {
        const { rule } = form
        if (rule !== 'reserved' && rule !== 'free' && rule !== 'default') {
          throw new InvalidRequestError('Say whether the name is reserved or free')
        }
        await services.accounts.setHandleRule(form.name ?? '', rule === 'default' ? null : rule)
        return { to: SIGN_UPS, done: 'ruled' }
      },
    },
  },
}

const WHO = {
  closed: 'only you make accounts',
  invite: 'whoever has an invite code',
  approval: 'whoever you approve, and at once whoever has an invite code',
  open: 'everybody',
} as const

function state({ config }: Services, { lastHour, episode }: BurstView): Html {
  const { registration, signUps } = config
  const notCounted = !config.rateLimits
    ? 'rate limits are off'
    : signUps.burst === 0
      ? 'PDS_SIGNUP_BURST is 0'
      : undefined
  const missing = openSignUps(config)?.missing ?? []
  return html`<section aria-labelledby="state"><h2 id="state">How it is</h2>
<dl class="facts">
<dt>Who gets in</dt><dd>${WHO[registration]} <span class="quiet">(<code>PDS_REGISTRATION=${registration}</code>)</span></dd>
<dt>Captcha</dt><dd>${signUps.hcaptcha ? 'hCaptcha is asked for' : 'none'}</dd>
<dt>Address</dt><dd>${signUps.emailConfirmRequired ? 'must be confirmed before anything leaves the host' : 'need not be confirmed'}; disposable ones are ${signUps.refuseDisposableEmail ? 'refused' : 'taken'}</dd>
<dt>In the last hour</dt><dd>${notCounted ? `not counted: ${notCounted}` : inThousands(lastHour)}</dd>
<dt>Burst</dt><dd>${
    episode
      ? html`<strong class="bad">slowed since ${moment(episode.since)}</strong>: ${episode.count} in an hour from ${counted(episode.networks, 'network')}${episode.domain === null ? '' : html`, most with an address at <code>${episode.domain}</code>`}; ${episode.limit} are let in`
      : notCounted !== undefined
        ? 'not looked for'
        : 'none'
  }</dd></dl>
${missing.length > 0 ? html`<p class="note warn">What holds back abuse is missing: ${missing.join('; ')}.</p>` : ''}</section>`
}

const queueTable = (waiting: readonly WaitingSignUp[], csrfToken: string): Html => html`
<div class="table" tabindex="0" role="group" aria-label="Sign-ups"><table>
<thead><tr><th scope="col">Handle</th><th scope="col">Address</th><th scope="col">Since</th><th scope="col">Decide</th></tr></thead>
<tbody>${waiting.map(({ did, handle, email, since, refused }) => {
  const path = `${SIGN_UPS}/${encodeURIComponent(did)}`
  const id = `confirm-${did}`
  return html`<tr><td data-label="Handle">@${handle}<br><code>${did}</code></td><td data-label="Address">${email ?? 'none'}</td>
<td data-label="Since">${moment(since)}</td>
<td>${
    refused === null
      ? html`<form method="post" action="${path}/approve">${csrfTokenField(csrfToken)}<button aria-label="Approve ${handle}">Approve</button></form>`
      : html`<p>refused: ${refused}</p>`
  }
<details><summary>Refuse ${handle}</summary>
<form method="post" action="${path}/refuse">${csrfTokenField(csrfToken)}
<label for="reason-${did}">Reason, which its owner is told</label><input id="reason-${did}" name="reason" maxlength="${MAX_REASON}">
<label for="${id}">Type <strong>${handle}</strong> to confirm</label><input id="${id}" name="confirm" autocapitalize="none" autocomplete="off" spellcheck="false" required>
<p><button class="danger">Refuse and delete</button></p></form></details></td></tr>`
})}</tbody></table></div>`

const names = (rules: readonly RuledName[], csrfToken: string): Html => html`
<section aria-labelledby="names"><h2 id="names">Names</h2>
<p>Many names are reserved by default, such as <code>admin</code>. What you say here counts for who comes from now on.</p>
<form method="post" action="${SIGN_UPS}/name">${csrfTokenField(csrfToken)}<div class="search">
<div><label for="name">Name, without the domain</label><input id="name" name="name" autocapitalize="none" spellcheck="false" maxlength="63" required></div>
<div><label for="rule">It is</label><select id="rule" name="rule"><option value="reserved">reserved</option><option value="free">free</option></select></div>
<button class="second">Set</button></div></form></section>
${
  rules.length === 0
    ? html`<p class="quiet">All names are as by default.</p>`
    : html`<div class="table" tabindex="0" role="group" aria-label="Names"><table>
<thead><tr><th scope="col">Name</th><th scope="col">It is</th><th scope="col"><span class="quiet">Undo</span></th></tr></thead>
<tbody>${rules.map(
        ({
          name,
          rule,
        }) => html`<tr><td data-label="Name"><code>${name}</code></td><td data-label="It is">${rule}</td>
<td><form method="post" action="${SIGN_UPS}/name">${csrfTokenField(csrfToken)}<input type="hidden" name="name" value="${name}"><input type="hidden" name="rule" value="default">
<button class="second" aria-label="As by default: ${name}">As by default</button></form></td></tr>`,
      )}</tbody></table></div>`
}
${rules.length === NAMES ? html`<p class="pages"><a href="${SIGN_UPS}?${new URLSearchParams({ names: rules.at(-1)?.name ?? '' }).toString()}">More names</a></p>` : ''}`

/** Where the page before ended; what is no place is the beginning. */
function readPlace(typed = ''): SignUpPlace | undefined {
  const [, since, did] = /^(\d{1,15}):(did:.+)$/.exec(typed) ?? []
  return since && did ? { since: Number(since), did } : undefined
}
