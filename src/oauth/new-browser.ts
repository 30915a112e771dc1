import { currentRequest } from '../context/current-request.ts'
import type { Services } from '../context/services.ts'

/** Tells an owner that somebody has signed in with a browser that was not used before: that of this request. */
export function tellOfBrowser(services: Services, did: string): void {
  const userAgent = currentRequest().request.headers.get('user-agent')
  services.mail.tell(did, { kind: 'new browser', userAgent })
}
