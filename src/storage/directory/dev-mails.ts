import type { Mail } from '../../kernel/mail.ts'

/** Mails that are kept. */
const MAX_MAILS = 100

/** Mails that a host in development would have sent. */
export class DevMails {
  readonly #sql: SqlStorage
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  add(mail: Mail): void {
    this.#sql.exec('INSERT INTO dev_mail (mail) VALUES (?)', JSON.stringify(mail))
    this.#sql.exec('DELETE FROM dev_mail WHERE id <= (SELECT max(id) FROM dev_mail) - ?', MAX_MAILS)
  }

  /** Newest last. */
  list(): Mail[] {
    return this.#sql
      .exec<{ mail: string }>('SELECT mail FROM dev_mail ORDER BY id')
      .toArray()
      .map(({ mail }) => JSON.parse(mail) as Mail)
  }

  /** An account with this address is gone. */
  forgetRecipient(address: string): void {
    this.#sql.exec("DELETE FROM dev_mail WHERE json_extract(mail, '$.to') = ?", address)
  }
}
