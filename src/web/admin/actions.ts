/** Does what a form of the console asks for: with a fresh factor, the typed handle and an entry in the audit log. */
import { html } from 'hono/html'
import { audited } from '../../server/audit.ts'
import { type Failure, failureOf } from '../account/failure.ts'
import { alertBox, type Html } from '../layout.ts'
import { FACTOR_AGE, factorPage } from './factor.ts'
import type { ActionInput, ConsoleAction, ConsoleContext } from './page.ts'
import { ADMIN } from './paths.ts'

type Show = (c: ConsoleContext, seen: { title: string; main: Html }) => Promise<Html>

/** @param show puts a page into the frame */
export async function doAction(
  c: ConsoleContext,
  action: ConsoleAction,
  show: Show,
): Promise<Response> {
  const { services, context } = c.env
  const { did: actor, factorAt } = c.var.session
  const input: ActionInput = { c, form: await formOf(c), services }
  const back = action.back?.(input) ?? ADMIN
  const isFresh = factorAt !== null && factorAt > Date.now() - FACTOR_AGE
  if (action.dangerous && !isFresh) return c.html(await factorPage(c, back), 403)
  try {
    const confirmed = action.confirmBy?.(input)
    if (confirmed !== undefined && !(await isConfirmed(input, confirmed))) {
      const message = 'Type the handle of the account to confirm this. Nothing was done.'
      return c.html(await show(c, failurePage({ message, status: 400 }, back)), 400)
    }
    const about = { actor, action: `console.${action.name}`, input: action.about?.(input) ?? {} }
    const result = await audited(about, context, services, async () => action.run(input))
    if ('to' in result) return c.redirect(`${result.to}?done=${result.done}`, 303)
    return c.html(await show(c, result))
  } catch (error) {
    const failure = failureOf(error)
    return c.html(await show(c, failurePage(failure, back)), failure.status)
  }
}

async function formOf(c: ConsoleContext): Promise<ActionInput['form']> {
  const fields = Object.entries(await c.req.parseBody())
  return Object.fromEntries(
    fields.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  )
}

async function isConfirmed({ form, services }: ActionInput, did: string): Promise<boolean> {
  const typed = form.confirm?.trim().replace(/^@/, '').toLowerCase()
  return typed !== undefined && typed === (await services.accounts.find(did))?.handle
}

const failurePage = ({ message }: Failure, back: string) => ({
  title: 'That did not work',
  main: html`<h1>That did not work</h1>
${alertBox(message)}
<p><a class="button second" href="${back}">Back</a></p>`,
})
