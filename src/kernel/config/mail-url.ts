/** Which way mails leave a host: a URL in the settings, with the credentials in it. */

/** A service that takes mails over HTTPS. */
export interface MailApi {
  service: 'resend' | 'postmark' | 'mailgun' | 'ses' | 'webhook'
  /** Where requests go, without a trailing slash; for a webhook the whole address, without credentials. */
  endpoint: string
  /** Key or token; of SES the id of the key, of a webhook the user, if there is one. */
  key: string
  /** Of SES and of a webhook. */
  secret: string
  /** Of Mailgun the domain, of SES the region. */
  scope: string
}

type Known = Exclude<MailApi['service'], 'webhook'>

const ENDPOINTS: Record<Known, (scope: string) => string> = {
  resend: () => 'https://api.resend.com',
  postmark: () => 'https://api.postmarkapp.com',
  mailgun: () => 'https://api.mailgun.net',
  ses: (region) => `https://email.${region}.amazonaws.com`,
}

const FORMS: Record<Known, string> = {
  resend: 'resend://<key>',
  postmark: 'postmark://<token>',
  mailgun: 'mailgun://<key>@<domain>',
  ses: 'ses://<key id>:<secret>@<region>',
}

const isKnown = (scheme: string): scheme is Known => Object.hasOwn(FORMS, scheme)

/**
 * Reads `resend://<key>`, `postmark://<token>`, `mailgun://<key>@<domain>`, `ses://<key id>:<secret>@<region>`, each with
 * `?endpoint=<URL>` for another address of the service, or the http(s) URL of a webhook.
 *
 * @throws Error that says what is wrong and repeats nothing of the credentials
 */
export function parseMailApi(text: string): MailApi {
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.*)$/s.exec(text) ?? []
  if (scheme === 'https' || scheme === 'http') return parseWebhook(text)
  if (!isKnown(scheme)) {
    throw new Error(`must be ${Object.values(FORMS).join(', ')}, or the https URL of a webhook`)
  }
  const [main = '', query = ''] = rest.split('?', 2)
  const at = main.lastIndexOf('@')
  const credentials = decode(at < 0 ? main : main.slice(0, at))
  const scope = at < 0 ? '' : main.slice(at + 1)
  const [key = '', secret = ''] = scheme === 'ses' ? credentials.split(/:(.*)/s) : [credentials]
  const takesScope = scheme === 'mailgun' || scheme === 'ses'
  if (!key || (scheme === 'ses' && !secret) || takesScope !== /^[a-z0-9.-]+$/.test(scope)) {
    throw new Error(`must have the form ${FORMS[scheme]}`)
  }
  const given = new URLSearchParams(query).get('endpoint')
  const endpoint = given === null ? ENDPOINTS[scheme](scope) : endpointOf(given)
  return { service: scheme, endpoint, key, secret, scope }
}

function parseWebhook(text: string): MailApi {
  const url = URL.parse(text)
  if (!url) throw new Error('must be a URL')
  const { username, password } = url
  url.username = ''
  url.password = ''
  const key = decode(username)
  return { service: 'webhook', endpoint: url.href, key, secret: decode(password), scope: '' }
}

function endpointOf(given: string): string {
  const url = URL.parse(given)
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new Error('endpoint must be an http(s) URL')
  }
  return given.replace(/\/$/, '')
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Error('has a % that is not followed by two hex digits: write it as %25')
  }
}
