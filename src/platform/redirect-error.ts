/**
 * workerd throws at `new Request(url, { redirect: 'error' })`, whatever the URL. The provider makes its requests for
 * client metadata and key sets like that, before it hands them to `src/oauth/client-fetch.ts`, which is what refuses
 * redirects.
 */

let isDone = false

/**
 * From now on `Request` takes `redirect: 'error'` for `'manual'`: no redirect is followed either way, and who made
 * the request gets the 3xx, which is no success.
 */
export function takeRedirectError(): void {
  if (isDone) return
  isDone = true
  globalThis.Request = new Proxy(globalThis.Request, {
    construct(target, [input, init]: ConstructorParameters<typeof Request>) {
      // The types know what workerd takes, and so not this.
      const redirect: string | undefined = init?.redirect
      return new target(input, redirect === 'error' ? { ...init, redirect: 'manual' } : init)
    },
  })
}
