/** As much of SQL's grammar as it takes to tell one statement from several, and of which kind each is. */

/** What a statement may begin with when it is run; tables are made by migrations only. */
const RUNNABLE: ReadonlySet<string> = new Set([
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'REPLACE',
  'WITH',
  'VALUES',
])

/** Comments, quoted text and names, which may have a semicolon in them; what is not closed goes to the end. */
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$)|;|[^;'"`[/-]+|[^;]/g

/** A statement, and where in its text it begins. */
export interface PlacedStatement {
  statement: string
  /** UTF-16 code units from the beginning. */
  at: number
}

/** The statements of a text, without comments around them; those of a trigger's body count, too. */
export function placedStatements(sql: string): PlacedStatement[] {
  const statements: PlacedStatement[] = []
  let current: PlacedStatement = { statement: '', at: 0 }
  for (const { 0: token, index } of sql.matchAll(TOKEN)) {
    if (token === ';') {
      statements.push(current)
      current = { statement: '', at: 0 }
      continue
    }
    const text = /^(--|\/\*)/.test(token) ? ' ' : token
    if (current.statement.trim() === '') current.at = index + text.search(/\S|$/)
    current.statement += text
  }
  statements.push(current)
  return statements
    .map(({ statement, at }) => ({ statement: statement.trim(), at }))
    .filter(({ statement }) => statement !== '')
}

/** The first word of a statement, in capitals. */
export const firstWord = (statement: string): string =>
  (/^[a-z]+/i.exec(statement)?.[0] ?? '').toUpperCase()

/** Why a text is not what may be run; undefined: it is one statement that reads or writes rows. */
export function whyNotRunnable(sql: string): string | undefined {
  const statements = placedStatements(sql)
  if (statements.length !== 1) return `one statement at a time: these are ${statements.length}`
  const word = firstWord(statements[0]?.statement ?? '')
  if (RUNNABLE.has(word)) return undefined
  return `${word || 'this'} is no statement that reads or writes rows: tables are made by migrations`
}
