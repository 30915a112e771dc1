/** `app.ts`: the migrations of `src/app/`, and the types of the rows of its tables. */
import type { CheckedApp, Column, Table } from '../app/check.ts'
import { tsBanner } from '../banner.ts'
import { APP, GENERATED } from '../layout.ts'
import type { PlannedFile } from '../write.ts'
import { quote } from './quote.ts'

export function emitApp({ migrations, tables }: Omit<CheckedApp, 'diagnostics'>): PlannedFile {
  const list = (scope: 'account' | 'host'): string => {
    const own = migrations.filter((file) => file.scope === scope)
    if (own.length === 0) return '[]'
    const entries = own.map(
      ({ name, hash, text }) =>
        `    {\n      name: ${quote(name)},\n      hash: ${quote(hash)},\n      sql: ${quote(text)},\n    },\n`,
    )
    return `[\n${entries.join('')}  ]`
  }
  const code = `${tsBanner(`${APP}/`)}
import type { AppMigrations } from 'cumulus/app'

declare module 'cumulus/app' {
  /** Rows of the tables that each account has some of its own of. */
  interface AccountTables {
${tables.account.map(printTable).join('')}  }

  /** Rows of the tables that the host has one of. */
  interface HostTables {
${tables.host.map(printTable).join('')}  }
}

export const app: AppMigrations = {
  account: ${list('account')},
  host: ${list('host')},
}
`
  return { path: `${GENERATED}/app.ts`, code }
}

const printTable = ({ name, columns }: Table): string => {
  const fields = columns.map(
    (column) => `${quote(column.name)}: ${typeOf(column)}${column.nullable ? ' | null' : ''}`,
  )
  return `    ${quote(name)}: { ${fields.join('; ')} }\n`
}

const typeOf = ({ type }: Column): string => {
  if (type === 'TEXT') return 'string'
  if (type === 'BLOB') return 'ArrayBuffer'
  return type === 'ANY' ? 'string | number | ArrayBuffer' : 'number'
}
