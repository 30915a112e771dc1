import type { App } from '../../app.ts'
import { makeShortCode } from '../../kernel/crypto/short-code.ts'

/** New invite codes, `<host-name>-xxxxx-xxxxx`. Nobody can use them before the directory knows them. */
export function makeInviteCodes({ config }: App, count: number): string[] {
  const prefix = config.hostname.toLowerCase().replaceAll('.', '-')
  return Array.from({ length: count }, () => `${prefix}-${makeShortCode()}`)
}
