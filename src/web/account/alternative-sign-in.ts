/**
 * Leads from the sign-in pages of the OAuth provider, which know passwords and codes by mail, to this host's own page
 * for everything else. The provider's pages come as they are: a link is put after them, and one style sheet.
 */
import { linkColors } from '../../kernel/brand-colors.ts'
import type { Branding } from '../../kernel/config/branding.ts'
import { SETTINGS } from '../layout.ts'

/** The page for passkeys and codes of authenticator apps. */
export const APP_SIGN_IN = `${SETTINGS}/sign-in/app`
export const APP_SIGN_IN_STYLE_PATH = `${APP_SIGN_IN}.css`

/** Adds the link to a page on which somebody may sign in; anything else passes unchanged. */
export function addSignInLink(request: Request, response: Response): Response {
  const url = new URL(request.url)
  const next = readNext(url.href, url.origin)
  const isPage = response.headers.get('content-type')?.startsWith('text/html') ?? false
  if (request.method !== 'GET' || response.status !== 200 || !isPage || !next) return response
  const link = `${APP_SIGN_IN}?${new URLSearchParams({ next })}`.replaceAll('&', '&amp;')
  return new HTMLRewriter()
    .on('head', {
      element: (head) =>
        void head.append(`<link rel="stylesheet" href="${APP_SIGN_IN_STYLE_PATH}">`, {
          html: true,
        }),
    })
    .on('body', {
      element: (body) =>
        void body.append(
          `<aside class="more-sign-in"><a href="${link}">Use a passkey or an authenticator app</a></aside>`,
          { html: true },
        ),
    })
    .transform(response)
}

/**
 * Where somebody goes on to once they have signed in: to the provider's pages on this host, and nowhere else.
 *
 * @param origin this host's own
 * @returns path and query
 */
export function readNext(input: string | undefined, origin: string): string | undefined {
  const url = input === undefined ? null : URL.parse(input, origin)
  if (!url || url.origin !== origin) return undefined
  const { pathname, search } = url
  const isOurs = pathname === '/oauth/authorize' || /^\/account(\/|$)/.test(pathname)
  return isOurs ? pathname + search : undefined
}

/**
 * The link shows while the form for a password does. The provider's script makes that form, in `#root`, which fills
 * the window: so the link stays at the lower edge, and the page becomes longer by as much. Its purple buttons lose the
 * white of their words on the way (@atproto/oauth-provider-ui 0.10), and black on purple is hard to read.
 */
export const appSignInStyle = (branding: Branding): string => {
  const { day, night } = linkColors(branding)
  return `
.more-sign-in { position: fixed; inset: auto 0 0 0; z-index: 1; padding: .5rem 1rem; text-align: center;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; background: #fff; border-top: 1px solid #d9d9e2 }
.more-sign-in a { display: inline-block; padding: .5rem; color: ${day}; text-decoration: underline }
.more-sign-in a:focus-visible { outline: 3px solid ${day}; outline-offset: -2px }
body { padding-bottom: 4rem }
@supports selector(:has(a)) {
  body:not(:has(#root input[name=username])) { padding-bottom: 0 }
  body:not(:has(#root input[name=username])) .more-sign-in { display: none }
}
#root [data-slot=button].bg-primary { color: var(--primary-foreground) }
@media (prefers-color-scheme: dark) {
  .more-sign-in { background: #1d1d24; border-color: #35353f }
  .more-sign-in a { color: ${night} }
  .more-sign-in a:focus-visible { outline-color: ${night} }
}
`.trimStart()
}
