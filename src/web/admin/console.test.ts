/** Who may do what in the console, for each page and each action there is. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { accountStub, hostObjects } from '../../services/objects/stubs.ts'
import { makeAccount, PASSWORD, send } from '../../testing/host.ts'
import { makeOperator } from '../../testing/operator.ts'
import { csrfTokenOf } from '../account/browser-session.ts'
import { FACTOR_AGE } from './factor.ts'
import { consolePages } from './pages.ts'

const objects = hostObjects(env)

interface Browser {
  did: string
  token: string
}

/** Signs in to the account page; with a code where one is given. */
async function openBrowser(did: string, code?: string): Promise<Browser> {
  const { browserSessions } = objects.account(did)
  const opened = await browserSessions.open(PASSWORD)
  if (!opened) throw new Error('wrong password')
  if ('token' in opened) return { did, token: opened.token }
  return { did, token: await browserSessions.complete(opened.ticket, code ?? '') }
}

const operatorBrowser = async (): Promise<Browser> => {
  const { did, codeAt } = await makeOperator()
  return openBrowser(did, codeAt(1))
}

const cookieOf = ({ did, token }: Browser) => ({ cookie: `session=${did}.${token}` })

const get = (browser: Browser, path: string) => send(path, { headers: cookieOf(browser) })

const post = (browser: Browser | undefined, path: string, fields: Record<string, string> = {}) =>
  send(path, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/x-www-form-urlencoded',
      ...(browser && cookieOf(browser)),
    },
    body: new URLSearchParams({ ...(browser && { form: csrfTokenOf(browser) }), ...fields }),
  })

/** What was done in the console. Making the accounts of the tests is in the log, too. */
const entries = async () =>
  (await objects.directory.audit.list({}, 1000)).filter(({ action }) =>
    action.startsWith('console.'),
  )

const views = consolePages.flatMap(({ path, views }) =>
  Object.keys(views).map((below) => `/admin/${path}${below}`),
)
const actions = consolePages.flatMap(({ path, actions }) =>
  Object.entries(actions).map(([below, action]) => ({ path: `/admin/${path}${below}`, action })),
)

/** Somebody whom an action is done with. */
async function subjectOf(path: string) {
  const { did, handle } = await makeAccount()
  return { did, handle, path: path.replace(':did', encodeURIComponent(did)) }
}

test('every page is seen by operators, and by nobody else', async () => {
  const operator = await operatorBrowser()
  const person = await openBrowser((await makeAccount()).did)
  for (const view of views) {
    const { path } = await subjectOf(view)
    expect([path, (await get(operator, path)).status]).toEqual([path, 200])
    const refused = await get(person, path)
    expect([refused.status, await refused.text()]).toEqual([404, 'There is nothing here.'])
    const stranger = await send(path)
    expect(stranger.headers.get('set-cookie')).toBeNull()
    expect(await stranger.text()).toContain('Sign in with the password')
  }
  expect(views.length).toBeGreaterThanOrEqual(5)
})

test.each(actions)('$path is done by operators, written down, and by nobody else', async (each) => {
  const { action } = each
  const operator = await operatorBrowser()
  const { handle, path } = await subjectOf(each.path)
  const confirm = { confirm: `@${handle}` }
  const before = await entries()
  expect(await (await post(undefined, path, confirm)).text()).toContain('Sign in')
  const person = await openBrowser((await makeAccount()).did)
  expect((await post(person, path, confirm)).status).toBe(404)
  expect((await post(operator, path, { ...confirm, form: 'made up' })).status).toBe(403)
  if (action.confirmBy) {
    expect((await post(operator, path, { confirm: 'another.test' })).status).toBe(400)
    expect((await post(operator, path)).status).toBe(400)
  }
  expect(await entries()).toHaveLength(before.length)
  const done = await post(operator, path, confirm)
  expect([200, 303, 400]).toContain(done.status)
  const [entry] = await entries()
  expect(entry).toMatchObject({ action: `console.${action.name}`, actor: operator.did })
  expect(entry?.outcome).not.toBeNull()
})

test('what is dangerous takes a factor that was shown lately; what is not does not', async () => {
  const operator = await operatorBrowser()
  await runInDurableObject(accountStub(env, operator.did), (_, { storage }) => {
    storage.sql.exec('UPDATE browser_session SET factor_at = ?', Date.now() - FACTOR_AGE - 1)
  })
  const before = await entries()
  const dangerous = actions.filter(({ action }) => action.dangerous)
  expect(dangerous.length).toBeGreaterThanOrEqual(9)
  for (const each of dangerous) {
    const { handle, path } = await subjectOf(each.path)
    const answer = await post(operator, path, { confirm: handle })
    expect(answer.status).toBe(403)
    expect(await answer.text()).toContain('Show that it is you')
  }
  expect(await entries()).toHaveLength(before.length)
  const { path } = await subjectOf('/admin/accounts/:did/announce')
  expect((await post(operator, path)).status).toBe(303)
})

test('a session by password alone sees nothing, and nothing after the role is gone', async () => {
  const { did, accessJwt: _, codeAt } = await makeOperator()
  const strong = await openBrowser(did, codeAt(1))
  await runInDurableObject(accountStub(env, did), (_, { storage }) => {
    storage.sql.exec('UPDATE browser_session SET factor_at = NULL')
  })
  const asked = await get(strong, '/admin/accounts')
  expect(asked.status).toBe(403)
  expect(await asked.text()).not.toContain('Search')
  // Nor does it change what an operator signs in with.
  for (const path of ['/settings/totp/remove', '/settings/recovery-codes', '/settings/review']) {
    expect((await post(strong, path)).status).toBe(403)
  }
  await objects
    .account(did)
    .browserSessions.showCode(strong.token, codeAt(2))
    .catch(() => null)
  await objects.directory.roles.set(did, null)
  expect((await get(strong, '/admin/accounts')).status).toBe(404)
  expect((await post(strong, '/admin/factor/code', { code: codeAt(2) })).status).toBe(404)
  await objects.directory.roles.set(did, 'operator')
  await objects.account(did).lifecycle.deactivate(null)
  expect((await get(strong, '/admin/accounts')).status).toBe(404)
})

test('only the operator’s password gives the role', async () => {
  const operator = await makeOperator()
  const { did } = await makeAccount()
  const ask = (authorization: string) =>
    send('/admin/role', {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ account: operator.did, role: 'none' }),
    })
  expect((await ask(`Bearer ${operator.accessJwt}`)).status).toBe(401)
  expect(await objects.directory.roles.of(operator.did)).toBe('operator')
  expect(await objects.directory.roles.of(did)).toBeNull()
})
