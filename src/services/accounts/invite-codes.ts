import { makeShortCode } from '../../kernel/crypto/short-code.ts'
import type { AccountDependencies } from './dependencies.ts'

/** New invite codes, `<host-name>-xxxxx-xxxxx`. Nobody can use them before the directory knows them. */
export function makeInviteCodes({ config }: AccountDependencies, count: number): string[] {
  const prefix = config.hostname.toLowerCase().replaceAll('.', '-')
  return Array.from({ length: count }, () => `${prefix}-${makeShortCode()}`)
}
