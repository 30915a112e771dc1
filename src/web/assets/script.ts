/**
 * The script of pages with passkeys, as browsers get it: WebAuthn needs one, all else on the pages does not. It is
 * text here because the bundle is one file. What it uses is in all browsers that have passkeys.
 */
export const PASSKEY_SCRIPT = `
const decode = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
const encode = (buffer) =>
  buffer && btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')

const alertBox = document.getElementById('passkey-alert')
const say = (text) => {
  if (!alertBox) return
  alertBox.textContent = text
  alertBox.hidden = text === ''
  if (text) alertBox.scrollIntoView({ block: 'nearest' })
}

async function post(path, body) {
  const csrfToken = document.querySelector('meta[name=csrf-token]')?.content
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(csrfToken && { 'x-csrf-token': csrfToken }) },
    body: JSON.stringify(body),
  })
  const answer = await response.json().catch(() => ({}))
  if (answer.confirm) location.assign(answer.confirm)
  if (!response.ok) throw new Error(answer.message ?? 'The server did not answer. Try again.')
  return answer
}

async function register(paths, extra, name) {
  const options = await post(paths.options, extra)
  const credential = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: decode(options.challenge),
      user: { ...options.user, id: decode(options.user.id) },
      excludeCredentials: options.excludeCredentials.map((known) => ({ ...known, id: decode(known.id) })),
    },
  })
  const { response } = credential
  await post(paths.register, {
    ...extra,
    name,
    answer: answerOf(credential, {
      attestationObject: encode(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    }),
  })
}

const answerOf = (credential, response) => ({
  id: credential.id,
  rawId: encode(credential.rawId),
  type: credential.type,
  authenticatorAttachment: credential.authenticatorAttachment,
  clientExtensionResults: credential.getClientExtensionResults(),
  response: { clientDataJSON: encode(credential.response.clientDataJSON), ...response },
})

async function signIn(paths, extra) {
  const options = await post(paths.options, {})
  const credential = await navigator.credentials.get({
    publicKey: { ...options, challenge: decode(options.challenge) },
  })
  const { response } = credential
  return post(paths.signIn, {
    ...extra,
    answer: answerOf(credential, {
      authenticatorData: encode(response.authenticatorData),
      signature: encode(response.signature),
      userHandle: encode(response.userHandle) ?? undefined,
    }),
  })
}

const explain = (error) =>
  error.name === 'NotAllowedError' ? 'Nothing was done: it was cancelled, or took too long.'
  : error.name === 'InvalidStateError' ? 'This device has a passkey for this account already.'
  : error.name === 'SecurityError' ? 'Passkeys work at the address of this host only, over https.'
  : error.message

const link = () => {
  const [did, token] = location.hash.slice(1).split('/').map(decodeURIComponent)
  return { did, token }
}

const typedIdentifier = () => document.getElementById('identifier')?.value

const tasks = {
  async register(form) {
    const paths = { options: '/settings/passkeys/options', register: '/settings/passkeys' }
    await register(paths, {}, form.elements.name.value)
    location.assign('/settings/security?done=passkey-added')
  },
  async link(form) {
    const paths = { options: '/settings/passkey/options', register: '/settings/passkey' }
    await register(paths, link(), form.elements.name.value)
    form.hidden = true
    history.replaceState(null, '', location.pathname)
    const done = document.getElementById('passkey-done')
    done.hidden = false
    done.focus()
  },
  async 'sign-in'(form) {
    const paths = { options: '/settings/sign-in/passkey/options', signIn: '/settings/sign-in/passkey' }
    const remember = document.getElementById('remember')?.checked ?? false
    await signIn(paths, { identifier: typedIdentifier(), remember })
    location.assign(form.elements.next?.value ?? '/settings')
  },
  async factor(form) {
    const paths = { options: '/settings/sign-in/passkey/options', signIn: '/admin/factor/passkey' }
    await signIn(paths, {})
    location.assign(form.elements.next.value)
  },
  async confirm(form) {
    const paths = { options: '/settings/sign-in/passkey/options', signIn: '/settings/confirm/passkey' }
    location.assign((await signIn(paths, { next: form.elements.next.value })).next)
  },
  async app(form) {
    const paths = { options: '/settings/sign-in/passkey/options', signIn: '/settings/sign-in/app/passkey' }
    const next = form.elements.next.value
    location.assign((await signIn(paths, { identifier: typedIdentifier(), next })).next)
  },
}

const fromLink = document.querySelector('input[data-from-link]')
if (fromLink && location.hash.length > 1) {
  fromLink.value = decodeURIComponent(location.hash.slice(1))
  history.replaceState(null, '', location.pathname)
  document.querySelector('input[type=password]')?.focus()
}
for (const form of document.querySelectorAll('form[data-passkey]')) {
  if (!window.PublicKeyCredential) continue
  form.hidden = false
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const button = form.querySelector('button')
    button.disabled = true
    say('')
    try {
      await tasks[form.dataset.passkey](form)
    } catch (error) {
      say(explain(error))
    } finally {
      button.disabled = false
    }
  })
}
const goesOn = document.querySelector('form[data-continue]')
if (goesOn) setTimeout(() => goesOn.requestSubmit(), 300)
for (const instead of document.querySelectorAll('[data-without-passkeys]')) {
  instead.hidden = Boolean(window.PublicKeyCredential)
}
`.trimStart()
