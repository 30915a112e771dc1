import type { App } from '../../app.ts'
import type { Resident } from '../../storage/directory/accounts.ts'

/** The account that somebody means who types a handle, with or without an @, a DID or an e-mail address. */
export async function findByIdentifier(app: App, input: string): Promise<Resident | undefined> {
  const identifier = input.trim().toLowerCase().replace(/^@/, '')
  return identifier.includes('@')
    ? app.directory.find('email', identifier)
    : app.findResident(identifier)
}
