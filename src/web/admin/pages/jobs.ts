/** The page of what the app does at its times: when each job ran and runs next, and why it failed. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { html } from 'hono/html'
import type { JobState } from '../../../contracts/jobs.ts'
import { hasJobs } from '../../../kernel/job-files.ts'
import { csrfTokenOf } from '../../account/browser-session.ts'
import { moment } from '../../account/time.ts'
import { csrfTokenField, type Html, noticeBox } from '../../layout.ts'
import { counted, inThousands } from '../../numbers.ts'
import type { ConsolePage, Notices } from '../page.ts'
import { ADMIN } from '../paths.ts'

const JOBS = `${ADMIN}/jobs`

const NOTICES: Notices = { started: 'It runs now. Open the page again to see how it went.' }

export const jobs: ConsolePage = {
  path: 'jobs',
  title: 'Jobs',
  views: {
    '': async (c) => {
      if (!hasJobs()) {
        return {
          title: 'Jobs',
          main: html`<h1>Jobs</h1>
<p class="quiet">Nothing is done at its times on this host: there are no files in <code>src/jobs/</code>.</p>`,
        }
      }
      const all = await c.env.services.hostIndex.jobs.list()
      return {
        title: 'Jobs',
        main: html`<h1>Jobs</h1>
${noticeBox(NOTICES[c.req.query('done') ?? ''])}
${all.length === 0 ? html`<p class="quiet">None of the jobs can run: the log says why.</p>` : jobTable(all, csrfTokenOf(c.var.session))}`,
      }
    },
  },
  actions: {
    '/run': {
      name: 'jobs.run',
      about: ({ form }) => ({ ref: form.name }),
      back: () => JOBS,
      async run({ form: { name = '' }, services }) {
        if (!hasJobs()) throw new InvalidRequestError('This host has no jobs')
        await services.hostIndex.jobs.start(name)
        return { to: JOBS, done: 'started' }
      },
    },
  },
}

const jobTable = (all: readonly JobState[], csrfToken: string): Html => html`
<div class="table" tabindex="0" role="group" aria-label="Jobs"><table>
<thead><tr><th scope="col">Job</th><th scope="col">Next run</th><th scope="col">Last run that succeeded</th>
<th scope="col">Failures since</th><th scope="col"><span class="quiet">What to do</span></th></tr></thead>
<tbody>${all.map(
  (job) => html`<tr><td data-label="Job"><code>${job.name}</code>, ${job.schedule}</td>
<td data-label="Next run">${job.startedAt === null ? moment(job.nextAt) : html`runs since ${moment(job.startedAt)}`}</td>
<td data-label="Last run that succeeded">${
    job.lastRun === null
      ? 'never'
      : html`${moment(job.lastRun)}, ${inThousands(job.lastMs ?? 0)} ms`
  }</td>
<td data-label="Failures since">${
    job.failures === 0
      ? 'none'
      : html`<span class="bad">${counted(job.failures, 'run')}: ${job.error}</span>`
  }</td>
<td><form method="post" action="${JOBS}/run">${csrfTokenField(csrfToken)}<input type="hidden" name="name" value="${job.name}">
<button class="second" aria-label="Run now: ${job.name}">Run now</button></form></td></tr>`,
)}</tbody></table></div>`
