/**
 * The script of the pages below `/docs`: it calls methods of this host. A session is one by password, kept in the tab's own
 * storage and ended on the host when its owner signs out; it is in no cookie, so that no other site can use it, and in no
 * address. It is text here because the bundle is one file.
 */
export const DOCS_SCRIPT_TEXT = `
const KEY = 'docs-session'
const find = (selector) => document.querySelector(selector)
const xrpc = (path, init) => fetch('/xrpc/' + path, { credentials: 'omit', redirect: 'error', ...init })
const json = (value) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

const session = {
  get: () => JSON.parse(sessionStorage.getItem(KEY) ?? 'null'),
  set(value) {
    if (value) sessionStorage.setItem(KEY, JSON.stringify(value))
    else sessionStorage.removeItem(KEY)
    show()
  },
}

function show() {
  const signIn = find('[data-sign-in]')
  if (!signIn) return
  const current = session.get()
  signIn.hidden = current !== null
  find('[data-signed-in]').hidden = current === null
  find('[data-handle]').textContent = current?.handle ?? ''
}

async function signIn(form) {
  const refusal = find('[data-refusal]')
  refusal.hidden = true
  const code = find('#code').value.trim()
  const answer = await xrpc('com.atproto.server.createSession', json({
    identifier: find('#identifier').value.trim(),
    password: find('#password').value,
    ...(code && { authFactorToken: code }),
  }))
  const body = await answer.json().catch(() => ({}))
  if (!answer.ok) {
    if (body.error === 'AuthFactorTokenRequired') find('[data-code]').hidden = false
    refusal.textContent = body.message ?? body.error ?? 'It could not be done.'
    refusal.hidden = false
    return
  }
  form.reset()
  find('[data-code]').hidden = true
  const { handle, accessJwt, refreshJwt } = body
  session.set({ handle, accessJwt, refreshJwt })
}

async function signOut() {
  const { refreshJwt } = session.get() ?? {}
  session.set(null)
  if (!refreshJwt) return
  const headers = { authorization: 'Bearer ' + refreshJwt }
  await xrpc('com.atproto.server.deleteSession', { method: 'POST', headers }).catch(() => {})
}

/** A new access token for one that expired; undefined: the session is over. */
async function renewed() {
  const current = session.get()
  if (!current) return undefined
  const headers = { authorization: 'Bearer ' + current.refreshJwt }
  const answer = await xrpc('com.atproto.server.refreshSession', { method: 'POST', headers })
  if (!answer.ok) return void session.set(null)
  const { handle, accessJwt, refreshJwt } = await answer.json()
  session.set({ handle, accessJwt, refreshJwt })
  return accessJwt
}

function requestOf(form) {
  const query = new URLSearchParams()
  for (const input of form.querySelectorAll('[data-param]')) {
    const text = input.value.trim()
    if (text === '') continue
    const values = 'list' in input.dataset ? text.split(',').map((one) => one.trim()) : [text]
    for (const value of values) query.append(input.dataset.param, value)
  }
  const { call, verb, encoding } = form.dataset
  const file = form.querySelector('[data-file]')?.files[0]
  const body = form.querySelector('[data-body]')?.value ?? file
  const type = encoding.includes('*') ? file?.type || 'application/octet-stream' : encoding
  return {
    path: call + (query.size > 0 ? '?' + query : ''),
    init: { method: verb, ...(body !== undefined && { body }), headers: encoding ? { 'content-type': type } : {} },
  }
}

async function call(form) {
  const { path, init } = requestOf(form)
  const takesSession = find('[data-sign-in]') !== null
  const send = (token) =>
    xrpc(path, { ...init, headers: { ...init.headers, ...(token && { authorization: 'Bearer ' + token }) } })
  const start = performance.now()
  let answer = await send(takesSession && session.get()?.accessJwt)
  let text = await textOf(answer)
  if (answer.status === 400 && text.includes('"ExpiredToken"')) {
    const token = await renewed()
    if (token) {
      answer = await send(token)
      text = await textOf(answer)
    }
  }
  const left = answer.headers.get('ratelimit-remaining')
  return {
    status: answer.status + ' ' + answer.statusText + ', ' + Math.round(performance.now() - start) + ' ms' +
      (left === null ? '' : ', ' + left + ' calls left'),
    text,
  }
}

const MOST = 200_000

async function textOf(answer) {
  const type = answer.headers.get('content-type') ?? ''
  if (type.startsWith('application/json')) {
    const text = await answer.text()
    try {
      return JSON.stringify(JSON.parse(text), null, 2).slice(0, MOST)
    } catch {
      return text.slice(0, MOST)
    }
  }
  const bytes = await answer.blob()
  return type.startsWith('text/') ? (await bytes.text()).slice(0, MOST) : bytes.size + ' bytes of ' + (type || 'nothing')
}

/** Runs what a form starts, once at a time. */
function on(form, work) {
  form?.addEventListener('submit', async (event) => {
    event.preventDefault()
    const button = form.querySelector('button')
    button.disabled = true
    try {
      await work(form)
    } finally {
      button.disabled = false
    }
  })
}

const area = find('[data-try]')
if (area) {
  area.hidden = false
  show()
  on(find('[data-sign-in]'), signIn)
  on(find('[data-signed-in]'), signOut)
  on(find('[data-call]'), async (form) => {
    const { status, text } = await call(form).catch((error) => ({ status: String(error.message), text: '' }))
    find('[data-status]').textContent = status
    find('[data-text]').textContent = text
    find('[data-answer]').hidden = false
    find('[data-answer]').scrollIntoView({ block: 'nearest' })
  })
}
`.trimStart()
