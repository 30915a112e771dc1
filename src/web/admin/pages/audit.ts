/** The page of the audit log: what operators have done, and all of it as a file. */
import { html } from 'hono/html'
import type { DirectoryClient } from '../../../services/objects/stubs.ts'
import type { AuditEntry, AuditFilter } from '../../../storage/directory/audit.ts'
import { cursorOf } from '../cursor.ts'
import type { ConsoleContext, ConsolePage } from '../page.ts'
import { ADMIN } from '../paths.ts'
import { auditTable } from '../sections/audit-table.ts'

const PAGE = 50

/** Entries read at once for the file. */
const EXPORT_BATCH = 500

export const audit: ConsolePage = {
  path: 'audit',
  title: 'Audit',
  views: {
    '': async (c) => {
      const { directory } = c.env.services
      const typed = typedFilter(c)
      const filter = await readFilter(c, typed)
      const entries = await directory.audit.list(filter, PAGE, cursorOf(c))
      const last = entries.length === PAGE ? entries.at(-1) : undefined
      const query = new URLSearchParams(typed).toString()
      return {
        title: 'Audit',
        main: html`<h1>Audit</h1>
<form class="search" method="get" action="${ADMIN}/audit">
<div><label for="actor">Who</label><input id="actor" name="actor" value="${typed.actor}" placeholder="admin, handle or DID" autocapitalize="none" spellcheck="false"></div>
<div><label for="subject">About whom</label><input id="subject" name="subject" value="${typed.subject}" placeholder="handle or DID" autocapitalize="none" spellcheck="false"></div>
<button>Show</button>
</form>
${auditTable(entries)}
<p class="pages">${last ? html`<a href="${ADMIN}/audit?${query}&before=${last.id}">Older</a>` : ''}
<a href="${ADMIN}/audit/export?${query}">All of these as JSON lines</a></p>`,
      }
    },
    '/export': async (c) => {
      const filter = await readFilter(c, typedFilter(c))
      return new Response(
        exportLines(() => c.env.services.directory, filter),
        {
          headers: {
            'content-type': 'application/jsonl; charset=utf-8',
            'content-disposition': 'attachment; filename="audit.jsonl"',
          },
        },
      )
    },
  },
  actions: {},
}

const typedFilter = (c: ConsoleContext) => ({
  actor: c.req.query('actor')?.trim() ?? '',
  subject: c.req.query('subject')?.trim() ?? '',
})

/** Handles as they are typed; what nobody here has is looked for as it is. */
async function readFilter(
  c: ConsoleContext,
  typed: { actor: string; subject: string },
): Promise<AuditFilter> {
  const { accounts } = c.env.services
  const didOf = async (name: string) =>
    name.startsWith('did:') || name === 'admin'
      ? name
      : ((await accounts.findByIdentifier(name))?.did ?? name)
  return {
    ...(typed.actor !== '' && { actor: await didOf(typed.actor) }),
    ...(typed.subject !== '' && { account: await didOf(typed.subject) }),
  }
}

/** A line of JSON for each entry, the newest first; read as fast as they are taken. */
export function exportLines(
  directory: () => DirectoryClient,
  filter: AuditFilter,
): ReadableStream<Uint8Array> {
  let before: number | undefined
  const encoder = new TextEncoder()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const entries = await directory().audit.list(filter, EXPORT_BATCH, before)
      before = entries.at(-1)?.id
      if (entries.length > 0) controller.enqueue(encoder.encode(entries.map(line).join('')))
      if (entries.length < EXPORT_BATCH) controller.close()
    },
  })
}

function line({ at, endedAt, detail, ...entry }: AuditEntry): string {
  const iso = (time: number) => new Date(time).toISOString()
  const written = {
    ...entry,
    at: iso(at),
    endedAt: endedAt === null ? null : iso(endedAt),
    detail: JSON.parse(detail) as unknown,
  }
  return `${JSON.stringify(written)}\n`
}
