/** What the host knows of how an account wants its mails: two columns of `account`. */
export interface Addressee {
  did: string
  handle: string
  email: string | null
  /** Language that its owner has shown to read, such as `de`; null: none yet. */
  language: string | null
  /** Whether sign-ins are told by mail. */
  signInMails: boolean
}

type Row = {
  did: string
  handle: string
  email: string | null
  language: string | null
  sign_in_mails: number
}

export class MailPreferences {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  find(did: string): Addressee | undefined {
    const row = this.#sql
      .exec<Row>(
        'SELECT did, handle, email, language, sign_in_mails FROM account WHERE did = ? AND ready = 1',
        did,
      )
      .toArray()[0]
    return row && toAddressee(row)
  }

  /** Those with an address, in order of DID, after `cursor`: reads as many rows as there are accounts on the way. */
  list(limit: number, cursor: string): { found: Addressee[]; cursor: string | undefined } {
    const rows = this.#sql
      .exec<Row>(
        `SELECT did, handle, email, language, sign_in_mails FROM account
         WHERE ready = 1 AND did > ? ORDER BY did LIMIT ?`,
        cursor,
        limit,
      )
      .toArray()
    const last = rows.length === limit ? rows.at(-1)?.did : undefined
    return { found: rows.map(toAddressee).filter(({ email }) => email !== null), cursor: last }
  }

  /** Writes nothing where it is that language already. */
  setLanguage(did: string, language: string): void {
    this.#sql.exec(
      'UPDATE account SET language = ?1 WHERE did = ?2 AND language IS NOT ?1',
      language,
      did,
    )
  }

  setSignInMails(did: string, on: boolean): void {
    this.#sql.exec('UPDATE account SET sign_in_mails = ? WHERE did = ?', on ? 1 : 0, did)
  }
}

const toAddressee = ({ sign_in_mails, ...row }: Row): Addressee => ({
  ...row,
  signInMails: sign_in_mails === 1,
})
